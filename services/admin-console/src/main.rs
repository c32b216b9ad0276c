use std::process::ExitCode;

use admin_console::{Arguments, run};
use clap::Parser;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    service_kit::run("admin-console", async move |settings, shutdown| {
        run(&settings, arguments, shutdown).await
    })
}
