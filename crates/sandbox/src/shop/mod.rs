//! The demo shop: pages that use checkout-api from another origin, as any storefront would, and the page that spoils
//! the gateways' mood.

mod scripts;
mod trouble;

use actix_web::{http::StatusCode, web};
use askama::Template;

use crate::{
    html::{Page, page, page_that_calls},
    state::State,
};

pub(crate) fn shop_routes(config: &mut web::ServiceConfig) {
    config
        .route("", web::get().to(products))
        .route("/checkout", web::get().to(checkout))
        .route("/orders", web::get().to(orders))
        .route("/trouble", web::get().to(trouble::show))
        .route("/trouble", web::post().to(trouble::save))
        .route("/{script}.js", web::get().to(scripts::serve));
}

/// What every page of the shop tells its scripts.
struct Addresses {
    checkout_url: String,
    callback_url: String,
    console_url: Option<String>,
    issuer: String,
    audience: String,
}

impl Addresses {
    /// `None` where nobody said what the shop sells.
    fn of(state: &State) -> Option<Self> {
        let settings = &state.settings;
        let url = |url: &Option<String>| url.as_deref().map(|url| url.trim_end_matches('/').to_owned());
        Some(Self {
            checkout_url: url(&settings.checkout_url)?,
            callback_url: url(&settings.callback_url)?,
            console_url: url(&settings.console_url),
            issuer: state.issuer(),
            audience: settings.shopper_audience.clone(),
        })
    }
}

#[derive(Template)]
#[template(path = "shop/products.html")]
struct ProductsPage {
    at: Addresses,
}

#[derive(Template)]
#[template(path = "shop/checkout.html")]
struct CheckoutPage {
    at: Addresses,
}

#[derive(Template)]
#[template(path = "shop/orders.html")]
struct OrdersPage {
    at: Addresses,
}

#[derive(Template)]
#[template(path = "closed.html")]
struct ClosedPage<'a> {
    public_url: &'a str,
}

/// `GET /shop`
async fn products(state: web::Data<State>) -> Page {
    shop_page(&state, |at| ProductsPage { at })
}

/// `GET /shop/checkout`
async fn checkout(state: web::Data<State>) -> Page {
    shop_page(&state, |at| CheckoutPage { at })
}

/// `GET /shop/orders`
async fn orders(state: web::Data<State>) -> Page {
    shop_page(&state, |at| OrdersPage { at })
}

fn shop_page<T: Template>(state: &State, template: impl FnOnce(Addresses) -> T) -> Page {
    match Addresses::of(state) {
        Some(at) => {
            let checkout_url = at.checkout_url.clone();
            page_that_calls(&checkout_url, StatusCode::OK, &template(at))
        }
        None => page(StatusCode::NOT_FOUND, &ClosedPage { public_url: &state.public_url }),
    }
}
