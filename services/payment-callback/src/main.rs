use std::process::ExitCode;

use payment_callback::Application;

fn main() -> ExitCode {
    service_kit::run("payment-callback", async |settings, shutdown| {
        Application::build(&settings, shutdown)?.run_until_stopped().await
    })
}
