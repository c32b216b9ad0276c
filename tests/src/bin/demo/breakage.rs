//! A page on loopback that kills, freezes and starts the demo's processes: they are the demo's own children, and nobody
//! needs a second terminal to see the pipeline heal.

use std::{collections::BTreeSet, net::Ipv4Addr};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::ServerHandle,
    error::ErrorInternalServerError,
    http::{StatusCode, header},
    web,
};
use anyhow::{Context, bail};
use askama::Template;
use pipeline_tests::{Pipeline, Program, Signal};
use tokio::sync::{Mutex, MutexGuard};

const POLICY: &str =
    "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; style-src";

/// What can be broken, and what goes missing with it. The sandbox is the outside world and stays.
const PROGRAMS: [(Program, &str); 5] = [
    (Program::CheckoutApi, "carts, checkout, status for the shop"),
    (Program::PaymentCallback, "receives returning browsers, shows where the payment stands"),
    (Program::OrderWorker(0), "asks gateways, makes orders, sends refunds"),
    (Program::StaleJobReaper, "rescues the jobs of dead workers, gives expired stock back"),
    (Program::AdminConsole, "shows operators what is stuck, and does what they decide"),
];

/// The demo's processes and the page for them.
pub(crate) struct Breakage {
    url: String,
    handle: ServerHandle,
    processes: web::Data<Processes>,
}

impl Breakage {
    /// Takes the processes into its hands and serves.
    pub(crate) async fn serve(pipeline: Pipeline) -> anyhow::Result<Self> {
        let sandbox_url = pipeline.sandbox_url();
        let held = Held { pipeline, frozen: BTreeSet::new() };
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port for /break")?;
        let origin = format!("http://{}", listener.local_addr()?);
        let url = format!("{origin}/break");
        let processes = web::Data::new(Processes { held: Mutex::new(Some(held)), sandbox_url, origin });
        let shared = processes.clone();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .route("/break", web::get().to(show))
                .route("/break/{program}/{action}", web::post().to(act))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)?
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok(Self { url, handle, processes })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Ends the page, then the processes in order.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.handle.stop(false).await;
        let Held { pipeline, frozen } = self.processes.held.lock().await.take().context("stopped already")?;
        for program in frozen {
            // A frozen process cannot hear that it shall end.
            pipeline.signal(program, Signal::Continue).await?;
        }
        pipeline.stop().await
    }
}

struct Processes {
    /// `None` once the demo ends.
    held: Mutex<Option<Held>>,
    sandbox_url: String,
    /// Ours, as browsers send it.
    origin: String,
}

struct Held {
    pipeline: Pipeline,
    frozen: BTreeSet<Program>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Kill,
    Freeze,
    GoOn,
    Start,
}

impl Action {
    const ALL: [Self; 4] = [Self::Kill, Self::Freeze, Self::GoOn, Self::Start];

    const fn word(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Freeze => "freeze",
            Self::GoOn => "go-on",
            Self::Start => "start",
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Kill => "Kill",
            Self::Freeze => "Freeze",
            Self::GoOn => "Go on",
            Self::Start => "Start",
        }
    }

    const fn meaning(self) -> &'static str {
        match self {
            Self::Kill => "as a crash of its machine would",
            Self::Freeze => "it holds what it holds and does nothing",
            Self::GoOn => "it wakes and believes that no time has passed",
            Self::Start => "anew, at the same address",
        }
    }
}

impl Held {
    async fn act(&mut self, program: Program, action: Action) -> anyhow::Result<()> {
        let is_running = self.pipeline.is_running(program)?;
        match action {
            Action::Start if is_running => bail!("{program} runs already"),
            Action::Start => self.pipeline.restart(program).await,
            Action::Kill | Action::Freeze | Action::GoOn if !is_running => bail!("{program} does not run"),
            Action::Kill => {
                self.frozen.remove(&program);
                self.pipeline.kill(program).await
            }
            Action::Freeze => {
                self.frozen.insert(program);
                self.pipeline.signal(program, Signal::Stop).await
            }
            Action::GoOn => {
                self.frozen.remove(&program);
                self.pipeline.signal(program, Signal::Continue).await
            }
        }
    }

    fn rows(&mut self) -> anyhow::Result<Vec<Row>> {
        PROGRAMS.iter().map(|(program, does)| self.row(*program, does)).collect()
    }

    fn row(&mut self, program: Program, does: &'static str) -> anyhow::Result<Row> {
        let (state, actions): (_, &[Action]) = if !self.pipeline.is_running(program)? {
            self.frozen.remove(&program);
            ("ended", &[Action::Start])
        } else if self.frozen.contains(&program) {
            ("frozen", &[Action::GoOn, Action::Kill])
        } else {
            ("running", &[Action::Kill, Action::Freeze])
        };
        let actions = actions.iter().map(|action| Button {
            word: action.word(),
            label: action.label(),
            meaning: action.meaning(),
        });
        Ok(Row { program: program.to_string(), does, state, actions: actions.collect() })
    }
}

struct Button {
    word: &'static str,
    label: &'static str,
    meaning: &'static str,
}

struct Row {
    program: String,
    does: &'static str,
    state: &'static str,
    actions: Vec<Button>,
}

#[derive(Template)]
#[template(path = "break.html")]
struct BreakPage<'a> {
    rows: Vec<Row>,
    sandbox_url: &'a str,
    refusal: Option<String>,
}

/// `GET /break`
async fn show(processes: web::Data<Processes>) -> actix_web::Result<HttpResponse> {
    let mut held = processes.held.lock().await;
    page(&processes, &mut held, StatusCode::OK, None)
}

/// `POST /break/{program}/{action}`
async fn act(
    request: HttpRequest,
    processes: web::Data<Processes>,
    path: web::Path<(String, String)>,
) -> actix_web::Result<HttpResponse> {
    let (program, word) = path.into_inner();
    let program = PROGRAMS.into_iter().map(|(known, _)| known).find(|known| known.to_string() == program);
    let action = Action::ALL.into_iter().find(|action| action.word() == word);
    let (Some(program), Some(action)) = (program, action) else {
        return Ok(HttpResponse::NotFound().finish());
    };
    // No page of another origin may press these buttons.
    let origin = request.headers().get(header::ORIGIN);
    if origin.is_some_and(|origin| origin.as_bytes() != processes.origin.as_bytes()) {
        return Ok(HttpResponse::Forbidden().finish());
    }
    let mut held = processes.held.lock().await;
    let Some(processes_held) = held.as_mut() else { return Ok(HttpResponse::Gone().finish()) };
    match processes_held.act(program, action).await {
        Ok(()) => Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, "/break")).finish()),
        Err(error) => page(&processes, &mut held, StatusCode::CONFLICT, Some(format!("{error:#}"))),
    }
}

fn page(
    processes: &Processes,
    held: &mut MutexGuard<'_, Option<Held>>,
    code: StatusCode,
    refusal: Option<String>,
) -> actix_web::Result<HttpResponse> {
    let Some(held) = held.as_mut() else { return Ok(HttpResponse::Gone().finish()) };
    let rows = held.rows().map_err(ErrorInternalServerError)?;
    let page = BreakPage { rows, sandbox_url: &processes.sandbox_url, refusal };
    let text = page.render().map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::build(code)
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, format!("{POLICY} {}", processes.sandbox_url)))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(text))
}

#[cfg(test)]
mod tests;
