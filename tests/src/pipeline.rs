use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitStatus,
    thread,
    time::Duration,
};

use anyhow::{Context, bail};

use crate::{
    binaries,
    guard::Guard,
    http, ports,
    program::Program,
    sandbox_control::SandboxControl,
    service::{Service, Signal, ended_well},
    settings::{self, Addresses},
    shopper::{Shopper, StorefrontUrls},
};

/// How long a service may take to end after SIGTERM: longer than the workers' own grace.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);
const KILL_TIMEOUT: Duration = Duration::from_secs(5);

/// What to start.
#[derive(Debug, Clone)]
pub struct PipelineOptions {
    database_url: String,
    /// Of those that reach the database at an address of their own.
    database_urls: BTreeMap<Program, String>,
    workers: usize,
    settings: BTreeMap<String, String>,
    log_folder: Option<PathBuf>,
}

impl PipelineOptions {
    /// One of each service and one worker, on a database that is already migrated.
    pub fn new(database_url: &str) -> Self {
        Self {
            database_url: database_url.to_owned(),
            database_urls: BTreeMap::new(),
            workers: 1,
            settings: BTreeMap::new(),
            log_folder: None,
        }
    }

    #[must_use]
    pub fn workers(mut self, count: usize) -> Self {
        self.workers = count;
        self
    }

    /// One program reaches the database at another address than the others, such as that of a fault proxy.
    #[must_use]
    pub fn database_url_of(mut self, program: Program, database_url: &str) -> Self {
        self.database_urls.insert(program, database_url.to_owned());
        self
    }

    /// A variable of the services' and the sandbox's environment, instead of or beside the harness's own.
    #[must_use]
    pub fn setting(mut self, name: &str, value: impl ToString) -> Self {
        self.settings.insert(name.to_owned(), value.to_string());
        self
    }

    /// Where logs go, to stay there. Otherwise they go to a folder beside the binaries, removed when all went well.
    #[must_use]
    pub fn log_folder(mut self, folder: &Path) -> Self {
        self.log_folder = Some(folder.to_owned());
        self
    }
}

/// The running pipeline: sandbox, checkout-api, payment-callback, workers and reaper, each a process of its own.
///
/// Dropping it kills what still runs.
#[derive(Debug)]
pub struct Pipeline {
    options: PipelineOptions,
    addresses: Addresses,
    services: BTreeMap<Program, Service>,
    /// Where each one listens, or did before it was ended.
    seats: BTreeMap<Program, SocketAddr>,
    logs: PathBuf,
    http: reqwest::Client,
    // Dropped last: it kills whatever the others left.
    guard: Guard,
}

impl Pipeline {
    /// Starts everything and returns when every service says it is ready.
    ///
    /// # Errors
    /// Where a binary is not built, a service ends or is not ready in time; the message carries the end of its log.
    pub async fn start(options: PipelineOptions) -> anyhow::Result<Self> {
        let addresses = Addresses::free()?;
        let mut pipeline = Self::prepare(options, addresses)?;
        pipeline.start_all([Program::Sandbox]).await?;
        pipeline.start_services(addresses.checkout_api, addresses.payment_callback).await?;
        Ok(pipeline)
    }

    /// Starts a second replica of every service, on the same database and before the same outside world. Gateways
    /// send browsers to the first one's payment-callback.
    ///
    /// # Errors
    /// As for [`Pipeline::start`].
    pub async fn start_beside(&self) -> anyhow::Result<Self> {
        self.start_beside_at(&self.options.database_url).await
    }

    /// The same, with the replica reaching the database at another address.
    ///
    /// # Errors
    /// As for [`Pipeline::start`].
    pub async fn start_beside_at(&self, database_url: &str) -> anyhow::Result<Self> {
        let mut options = PipelineOptions { database_url: database_url.to_owned(), ..self.options.clone() };
        // Two replicas in one folder would write into one another's logs.
        options.log_folder = options.log_folder.map(|folder| folder.join("beside"));
        let addresses = Addresses { admin_console: ports::free_address()?, ..self.addresses };
        let mut replica = Self::prepare(options, addresses)?;
        replica.start_services(ports::free_address()?, ports::free_address()?).await?;
        Ok(replica)
    }

    fn prepare(options: PipelineOptions, addresses: Addresses) -> anyhow::Result<Self> {
        let logs = match &options.log_folder {
            Some(folder) => folder.clone(),
            None => binaries::folder()?.join("pipeline-logs").join(uuid::Uuid::now_v7().to_string()),
        };
        fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))?;
        let (http, guard) = (http::client()?, Guard::start()?);
        Ok(Self { options, addresses, services: BTreeMap::new(), seats: BTreeMap::new(), logs, http, guard })
    }

    async fn start_services(
        &mut self,
        checkout_api: SocketAddr,
        payment_callback: SocketAddr,
    ) -> anyhow::Result<()> {
        self.spawn(Program::CheckoutApi, checkout_api)?;
        self.spawn(Program::PaymentCallback, payment_callback)?;
        let workers = (0..self.options.workers).map(Program::OrderWorker);
        self.start_all([Program::StaleJobReaper].into_iter().chain(workers)).await?;
        self.await_ready(Program::CheckoutApi).await?;
        self.await_ready(Program::PaymentCallback).await
    }

    async fn start_all(&mut self, programs: impl IntoIterator<Item = Program>) -> anyhow::Result<()> {
        let mut started = Vec::new();
        for program in programs {
            let address = match (self.seats.get(&program), program) {
                (Some(seat), _) => *seat,
                (None, Program::Sandbox) => self.addresses.sandbox,
                (None, Program::PaymentCallback) => self.addresses.payment_callback,
                (None, Program::CheckoutApi) => self.addresses.checkout_api,
                (None, Program::AdminConsole) => self.addresses.admin_console,
                (None, Program::OrderWorker(_) | Program::StaleJobReaper) => ports::free_address()?,
            };
            self.spawn(program, address)?;
            started.push(program);
        }
        for program in started {
            self.await_ready(program).await?;
        }
        Ok(())
    }

    fn spawn(&mut self, program: Program, address: SocketAddr) -> anyhow::Result<()> {
        let PipelineOptions { database_url, database_urls, settings, .. } = &self.options;
        let database_url = database_urls.get(&program).unwrap_or(database_url);
        let environment = settings::environment(database_url, &self.addresses, settings);
        let service = Service::spawn(program, address, &environment, &self.logs, &mut self.guard)?;
        self.services.insert(program, service);
        self.seats.insert(program, address);
        Ok(())
    }

    /// Returns once the service answers that it can work.
    ///
    /// # Errors
    /// Where it has ended or takes longer than half a minute.
    pub async fn await_ready(&mut self, program: Program) -> anyhow::Result<()> {
        let http = self.http.clone();
        self.service_mut(program)?.await_ready(&http).await
    }

    /// Sends a signal and returns at once.
    ///
    /// # Errors
    /// Where the service does not run.
    pub async fn signal(&self, program: Program, signal: Signal) -> anyhow::Result<()> {
        self.service(program)?.signal(signal).await
    }

    /// Kills a service as a crash would, and returns when it is gone.
    ///
    /// # Errors
    /// Where it does not run.
    pub async fn kill(&mut self, program: Program) -> anyhow::Result<()> {
        self.end(program, Signal::Kill, KILL_TIMEOUT).await.map(drop)
    }

    /// Asks a service to end and returns when it has.
    ///
    /// # Errors
    /// Where it takes too long or ends with a failure; the message carries the end of its log.
    pub async fn terminate(&mut self, program: Program) -> anyhow::Result<()> {
        let (status, log) = self.end(program, Signal::Terminate, STOP_TIMEOUT).await?;
        if !ended_well(status) {
            bail!("{program} ended with {status} when asked to stop:\n{log}");
        }
        Ok(())
    }

    async fn end(
        &mut self,
        program: Program,
        signal: Signal,
        limit: Duration,
    ) -> anyhow::Result<(ExitStatus, String)> {
        let mut service =
            self.services.remove(&program).with_context(|| format!("{program} does not run"))?;
        service.signal(signal).await?;
        match service.wait(limit, &mut self.guard).await? {
            Some(status) => Ok((status, service.log_tail())),
            None => {
                let log = service.log_tail();
                service.signal(Signal::Kill).await?;
                service.wait(KILL_TIMEOUT, &mut self.guard).await?;
                bail!("{program} did not end within {limit:?} after {signal:?}:\n{log}")
            }
        }
    }

    /// Those that have ended without being asked to, with how they ended.
    ///
    /// # Errors
    /// Where a process cannot be asked.
    pub fn ended_by_themselves(&mut self) -> anyhow::Result<Vec<(Program, ExitStatus)>> {
        let mut ended = Vec::new();
        for (program, service) in &mut self.services {
            ended.extend(service.ended()?.map(|status| (*program, status)));
        }
        Ok(ended)
    }

    /// Starts a service that does not run, at the address it had, and waits until it is ready.
    ///
    /// # Errors
    /// Where it does not become ready.
    pub async fn restart(&mut self, program: Program) -> anyhow::Result<()> {
        if self.services.contains_key(&program) {
            bail!("{program} still runs");
        }
        self.start_all([program]).await
    }

    /// Asks every service to end, callers before those they call, and returns when all have.
    ///
    /// # Errors
    /// The first that took too long or failed; the others are ended all the same.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let mut outcome = Ok(());
        while let Some(program) = self.services.keys().next_back().copied() {
            let ended = self.terminate(program).await;
            outcome = outcome.and(ended);
        }
        outcome
    }

    /// Where storefronts call.
    ///
    /// # Errors
    /// Where checkout-api does not run.
    pub fn checkout_url(&self) -> anyhow::Result<String> {
        Ok(format!("http://{}", self.service(Program::CheckoutApi)?.address))
    }

    /// Where gateways send browsers.
    pub fn callback_url(&self) -> String {
        format!("http://{}", self.addresses.payment_callback)
    }

    /// What gateways and identity provider do, and what their books say.
    pub fn sandbox(&self) -> SandboxControl {
        SandboxControl { http: self.http.clone(), url: self.sandbox_url() }
    }

    /// Where operators look, once admin-console runs.
    pub fn console_url(&self) -> String {
        format!("http://{}", self.addresses.admin_console)
    }

    /// Where gateways, identity provider, the demo shop and their controls are.
    pub fn sandbox_url(&self) -> String {
        format!("http://{}", self.addresses.sandbox)
    }

    /// The address at which a service answers health checks and metrics.
    ///
    /// # Errors
    /// Where it does not run.
    pub fn address(&self, program: Program) -> anyhow::Result<SocketAddr> {
        Ok(self.service(program)?.address)
    }

    /// The operating system's number for a service.
    ///
    /// # Errors
    /// Where it does not run.
    pub fn pid(&self, program: Program) -> anyhow::Result<u32> {
        Ok(self.service(program)?.pid())
    }

    /// What a service has written so far.
    ///
    /// # Errors
    /// Where it does not run or its log cannot be read.
    pub fn log(&self, program: Program) -> anyhow::Result<String> {
        let path = self.service(program)?.log();
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
    }

    /// Whether a service runs; notices one that ended by itself.
    ///
    /// # Errors
    /// Where the operating system does not say.
    pub fn is_running(&mut self, program: Program) -> anyhow::Result<bool> {
        let Some(service) = self.services.get_mut(&program) else { return Ok(false) };
        let has_ended = service.has_ended(&mut self.guard)?;
        if has_ended {
            self.services.remove(&program);
        }
        Ok(!has_ended)
    }

    /// The folder with every service's log.
    pub fn log_folder(&self) -> &Path {
        &self.logs
    }

    /// A shopper signed in as `user_id`.
    ///
    /// # Errors
    /// Where the sandbox gives no token.
    pub async fn shopper(&self, user_id: &str) -> anyhow::Result<Shopper> {
        let urls = StorefrontUrls { checkout: self.checkout_url()?, sandbox: self.sandbox_url() };
        Shopper::sign_in(self.http.clone(), urls, user_id).await
    }

    /// An HTTP client that follows no redirect by itself.
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    fn service(&self, program: Program) -> anyhow::Result<&Service> {
        self.services.get(&program).with_context(|| format!("{program} does not run"))
    }

    fn service_mut(&mut self, program: Program) -> anyhow::Result<&mut Service> {
        self.services.get_mut(&program).with_context(|| format!("{program} does not run"))
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        if thread::panicking() {
            for (program, service) in &self.services {
                eprintln!("---- {program}: end of {}\n{}", service.log().display(), service.log_tail());
            }
        } else if self.options.log_folder.is_none()
            && let Err(error) = fs::remove_dir_all(&self.logs)
        {
            eprintln!("logs left in {}: {error}", self.logs.display());
        }
    }
}
