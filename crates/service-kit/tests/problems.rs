//! How refusals look from outside, whoever causes them.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails by panicking"
)]

use actix_web::{
    HttpResponse,
    http::{Method, StatusCode, header},
    test, web,
};
use serde::Deserialize;
use serde_json::Value;
use service_kit::{
    health::Health,
    http::{BODY_BYTES_MAX, Code, FieldError, Json, Problem, Query},
    server::{Surface, app},
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    quantity: u32,
    address: Option<Address>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Address {
    phone: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    limit: Option<u8>,
    cursor: String,
}

fn surface() -> Surface {
    Surface::new(Health::new()).allow_origins(vec!["https://shop.example".to_owned()]).routes(|routes| {
        routes
            .service(web::resource("/orders").route(web::post().to(async |order: Json<Order>| {
                let phone = order.0.address.map(|address| address.phone);
                HttpResponse::Ok().json((order.0.quantity, phone))
            })))
            .service(
                web::resource("/pages")
                    .route(web::get().to(async |page: Query<Page>| {
                        HttpResponse::Ok().json((page.0.limit, page.0.cursor))
                    })),
            )
            .service(
                web::resource("/orders/{number}")
                    .route(web::get().to(async |number: web::Path<u32>| HttpResponse::Ok().json(*number)))
                    .route(web::delete().to(async || HttpResponse::NoContent().finish())),
            )
            .service(
                web::resource("/panic").route(web::get().to(async || -> HttpResponse { panic!("a secret") })),
            )
            .service(web::resource("/page").route(
                web::get().to(async || {
                    HttpResponse::Ok().content_type("text/html; charset=utf-8").body("<p>hello")
                }),
            ))
            .service(web::resource("/conflict").route(web::get().to(
                async || -> Result<HttpResponse, Problem> {
                    Err(Problem::new(Code::CartChanged, "The cart is at version 8.")
                        .with("cart_version", 8)
                        .with("status", 200)
                        .retry_after(3)
                        .because("the cause stays inside"))
                },
            )));
    })
}

struct Answer {
    status: StatusCode,
    headers: header::HeaderMap,
    body: Value,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

async fn send(request: test::TestRequest) -> Answer {
    let app = test::init_service(app(&surface())).await;
    match test::try_call_service(&app, request.to_request()).await {
        Ok(response) => {
            let (status, headers) = (response.status(), response.headers().clone());
            let body = test::read_body(response).await;
            Answer { status, headers, body: serde_json::from_slice(&body).unwrap_or(Value::Null) }
        }
        Err(error) => {
            let response = error.error_response();
            let (status, headers) = (response.status(), response.headers().clone());
            let body = actix_web::body::to_bytes(response.into_body()).await.unwrap();
            Answer { status, headers, body: serde_json::from_slice(&body).unwrap() }
        }
    }
}

async fn post(content_type: &str, body: impl Into<web::Bytes>) -> Answer {
    let request =
        test::TestRequest::post().uri("/orders").insert_header((header::CONTENT_TYPE, content_type));
    send(request.set_payload(body)).await
}

fn assert_problem(answer: &Answer, code: Code) {
    assert_eq!(answer.body["code"], code.as_str(), "{}", answer.body);
    assert_eq!(answer.status, code.status());
    assert_eq!(answer.body["status"], code.status().as_u16());
    assert_eq!(answer.body["title"], code.title());
    assert_eq!(answer.body["type"], format!("urn:problem-type:{code}"));
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert!(answer.body["detail"].is_string() && answer.body["request_id"].is_string(), "{}", answer.body);
}

#[actix_web::test]
async fn a_good_body_reaches_the_handler() {
    let answer = post("application/json; charset=utf-8", r#"{"quantity":2,"address":{"phone":"98"}}"#).await;
    assert_eq!((answer.status, answer.body), (StatusCode::OK, serde_json::json!([2, "98"])));
}

#[actix_web::test]
async fn unreadable_json_is_told_from_readable_json_with_wrong_fields() {
    for body in
        ["", "{", "{\"quantity\":", "quantity=2", "{\"quantity\":2} x", "{\"quantity\":2,}", "\u{feff}{}"]
    {
        assert_problem(&post("application/json", body).await, Code::MalformedJson);
    }
    assert_problem(
        &post("application/json", &b"{\"quantity\":2,\"address\":{\"phone\":\"\xff\"}}"[..]).await,
        Code::MalformedJson,
    );
}

#[actix_web::test]
async fn wrong_fields_are_named_with_their_path() {
    for (body, field) in [
        (r#"{"quantity":"two"}"#, "quantity"),
        (r#"{"quantity":2.5}"#, "quantity"),
        (r#"{"quantity":-1}"#, "quantity"),
        (r#"{"quantity":99999999999999999999}"#, "quantity"),
        (r#"{}"#, "quantity"),
        (r#"{"quantity":1,"colour":"red"}"#, "colour"),
        (r#"{"quantity":1,"address":{}}"#, "address.phone"),
        (r#"{"quantity":1,"address":{"phone":9}}"#, "address.phone"),
        (r#"{"quantity":1,"address":{"phone":"9","fax":""}}"#, "address.fax"),
        (r#"{"quantity":1,"quantity":2}"#, "quantity"),
        ("[]", ""),
        ("null", ""),
    ] {
        let answer = post("application/json", body).await;
        assert_problem(&answer, Code::ValidationFailed);
        assert_eq!(answer.body["errors"][0]["field"], field, "{body}: {}", answer.body);
        assert!(!answer.body["errors"][0]["message"].as_str().unwrap().contains(" line "));
    }
}

#[actix_web::test]
async fn a_body_that_is_no_json_or_too_large_is_not_read() {
    assert_problem(&post("text/plain", "{}").await, Code::UnsupportedMediaType);
    assert_problem(
        &send(test::TestRequest::post().uri("/orders").set_payload("{}")).await,
        Code::UnsupportedMediaType,
    );
    assert_problem(&post("application/json", vec![b' '; BODY_BYTES_MAX + 1]).await, Code::PayloadTooLarge);
    let announced = test::TestRequest::post()
        .uri("/orders")
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .insert_header((header::CONTENT_LENGTH, BODY_BYTES_MAX + 1));
    assert_problem(&send(announced).await, Code::PayloadTooLarge);
}

#[actix_web::test]
async fn queries_follow_the_rules_of_bodies() {
    for (query, field) in [
        ("", "cursor"),
        ("cursor=a&limit=300", "limit"),
        ("cursor=a&limit=x", "limit"),
        ("cursor=a&page=1", "page"),
    ] {
        let answer = send(test::TestRequest::get().uri(&format!("/pages?{query}"))).await;
        assert_problem(&answer, Code::ValidationFailed);
        assert_eq!(answer.body["errors"][0]["field"], field, "{query}: {}", answer.body);
    }
    let answer = send(test::TestRequest::get().uri("/pages?limit=3&cursor=a%20b")).await;
    assert_eq!(answer.body, serde_json::json!([3, "a b"]));
}

#[actix_web::test]
async fn unknown_addresses_and_methods_are_problems_too() {
    assert_problem(&send(test::TestRequest::get().uri("/nowhere")).await, Code::NotFound);
    assert_problem(&send(test::TestRequest::get().uri("/orders/seven")).await, Code::NotFound);
    let answer = send(test::TestRequest::default().method(Method::PATCH).uri("/orders/7")).await;
    assert_problem(&answer, Code::MethodNotAllowed);
    let allowed = answer.header("allow");
    assert!(allowed.contains("GET") && allowed.contains("DELETE"), "{allowed}");
}

#[actix_web::test]
async fn a_panic_is_a_problem_that_tells_nothing() {
    let answer = send(test::TestRequest::get().uri("/panic")).await;
    assert_problem(&answer, Code::InternalError);
    assert!(!answer.body.to_string().contains("secret"));
    assert_eq!(answer.body["request_id"], answer.header("x-request-id"));
}

#[actix_web::test]
async fn members_stand_beside_the_standard_ones_and_never_replace_them() {
    let answer = send(test::TestRequest::get().uri("/conflict")).await;
    assert_problem(&answer, Code::CartChanged);
    assert_eq!(answer.body["cart_version"], 8);
    assert_eq!(answer.header("retry-after"), "3");
    assert!(!answer.body.to_string().contains("inside"));
}

#[actix_web::test]
async fn a_sane_request_id_is_kept_and_any_other_replaced() {
    let with_id = |id: &str| test::TestRequest::get().uri("/conflict").insert_header(("x-request-id", id));
    let answer = send(with_id("web-42.a_B")).await;
    assert_eq!(answer.header("x-request-id"), "web-42.a_B");
    assert_eq!(answer.body["request_id"], "web-42.a_B");
    for id in ["", "a b", "<script>", &"x".repeat(65)] {
        let answer = send(with_id(id)).await;
        assert_ne!(answer.header("x-request-id"), id);
        assert_eq!(answer.header("x-request-id").len(), 36);
        assert_eq!(answer.body["request_id"], answer.header("x-request-id"));
    }
}

#[actix_web::test]
async fn answers_carry_security_headers_and_pages_a_policy_of_their_own() {
    let data = send(test::TestRequest::get().uri("/conflict")).await;
    assert_eq!(data.header("x-content-type-options"), "nosniff");
    assert_eq!(data.header("referrer-policy"), "no-referrer");
    assert_eq!(data.header("cache-control"), "no-store");
    assert!(data.header("content-security-policy").starts_with("default-src 'none'"));
    let page = send(test::TestRequest::get().uri("/page")).await;
    assert!(page.header("content-security-policy").starts_with("base-uri 'none'"));
}

#[actix_web::test]
async fn only_listed_origins_may_read_answers_refusals_included() {
    let from = |origin: &'static str| {
        test::TestRequest::get().uri("/conflict").insert_header((header::ORIGIN, origin))
    };
    let listed = send(from("https://shop.example")).await;
    assert_problem(&listed, Code::CartChanged);
    assert_eq!(listed.header("access-control-allow-origin"), "https://shop.example");
    assert_eq!(send(from("https://shop.example.evil")).await.header("access-control-allow-origin"), "");
    let preflight = test::TestRequest::default()
        .method(Method::OPTIONS)
        .uri("/orders")
        .insert_header((header::ORIGIN, "https://shop.example"))
        .insert_header((header::ACCESS_CONTROL_REQUEST_METHOD, "POST"))
        .insert_header((
            header::ACCESS_CONTROL_REQUEST_HEADERS,
            "authorization,idempotency-key,content-type",
        ));
    assert_eq!(send(preflight).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn several_field_errors_are_counted_in_the_detail() {
    let problem = Problem::validation(vec![FieldError::new("a", "is bad"), FieldError::new("b", "is worse")]);
    assert_eq!(problem.to_string(), "validation_failed: 2 fields break their rules");
}

#[actix_web::test]
async fn errors_md_lists_every_code_with_its_status_and_no_other() {
    let document = include_str!("../../../docs/errors.md");
    let rows: Vec<(&str, &str)> = document
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .map(|(code, rest)| (code, rest.split(' ').next().unwrap_or_default()))
        .collect();
    let known: Vec<(&str, String)> =
        Code::ALL.iter().map(|code| (code.as_str(), code.status().as_u16().to_string())).collect();
    let documented: Vec<(&str, String)> =
        rows.into_iter().map(|(code, status)| (code, status.to_owned())).collect();
    assert_eq!(documented, known);
}
