use std::process::ExitCode;

use order_worker::Application;

fn main() -> ExitCode {
    service_kit::run("order-worker", async |settings, shutdown| {
        Application::build(&settings, shutdown)?.run_until_stopped().await
    })
}
