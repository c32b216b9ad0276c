//! The smallest service: everything a binary needs around its own routes.

use std::process::ExitCode;

use actix_web::web;
use service_kit::{
    health::Health,
    server::{Server, Surface},
    telemetry,
};

fn main() -> ExitCode {
    service_kit::run("smallest", async |settings, shutdown| -> anyhow::Result<()> {
        let server = Server::bind(&settings.http(([127, 0, 0, 1], 0).into())?)?;
        let surface = Surface::new(Health::new()).routes(|routes| {
            routes.service(
                web::resource("/traceparent").route(web::get().to(async || telemetry::current_traceparent())),
            );
        });
        Ok(server.run(surface, shutdown).await?)
    })
}
