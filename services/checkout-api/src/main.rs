use std::process::ExitCode;

use checkout_api::Application;

fn main() -> ExitCode {
    service_kit::run("checkout-api", async |settings, shutdown| {
        Application::build(&settings, shutdown)?.run_until_stopped().await
    })
}
