use actix_web::{HttpResponse, web};

use crate::{control, esewa, html::asset_routes, identity, khalti, pages, shop::shop_routes, sign_in};

/// Every URL of the sandbox.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/", web::get().to(pages::index))
        .route("/livez", web::get().to(HttpResponse::Ok))
        .route("/sign-in", web::get().to(sign_in::ask))
        .route("/sign-in", web::post().to(sign_in::hand_over))
        .configure(asset_routes)
        .service(web::scope("/shop").configure(shop_routes))
        .service(web::scope("/esewa").configure(esewa_routes))
        .service(web::scope("/khalti").configure(khalti_routes))
        .service(web::scope("/identity").configure(identity_routes))
        .service(web::scope("/control").configure(control_routes));
}

fn esewa_routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/api/epay/main/v2/form").route(web::post().to(esewa::submit_form)))
        .service(
            web::resource("/api/epay/transaction/status/").route(web::get().to(esewa::transaction_status)),
        )
        .route("/pay/{transaction_uuid}", web::get().to(pages::esewa_page))
        .route("/pay/{transaction_uuid}/{action}", web::post().to(pages::esewa_button));
}

fn khalti_routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/api/v2/epayment/initiate/").route(web::post().to(khalti::initiate)))
        .service(web::resource("/api/v2/epayment/lookup/").route(web::post().to(khalti::lookup)))
        .service(
            web::resource([
                "/api/merchant-transaction/{transaction_id}/refund/",
                "/api/v2/merchant-transaction/{transaction_id}/refund/",
                "/api/v2/epayment/merchant-transaction/{transaction_id}/refund/",
            ])
            .route(web::post().to(khalti::refund)),
        )
        .route("/pay", web::get().to(pages::khalti_page))
        .route("/pay/{pidx}/{action}", web::post().to(pages::khalti_button));
}

fn identity_routes(config: &mut web::ServiceConfig) {
    config
        .route("/.well-known/openid-configuration", web::get().to(identity::discovery))
        .route("/.well-known/jwks.json", web::get().to(identity::key_set))
        .route("/token", web::post().to(identity::issue_token));
}

fn control_routes(config: &mut web::ServiceConfig) {
    config
        .route("/modes", web::get().to(control::list_modes))
        .route("/defaults", web::get().to(control::default_modes))
        .route("/defaults", web::put().to(control::set_default_modes))
        .route("/payments", web::get().to(control::payments))
        .route("/payments/{provider}/{reference}", web::get().to(control::payment))
        .route("/payments/{provider}/{reference}/modes", web::put().to(control::set_payment_modes))
        .route("/payments/{provider}/{reference}/{action}", web::post().to(control::act))
        .route("/identity/rotate", web::post().to(identity::rotate));
}
