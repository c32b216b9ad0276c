//! A shop, its gateways in the sandbox, and a worker that is driven step by step.

use std::{sync::Arc, time::Duration};

use domain::{
    jobs::{FinalizeOrder, Job, RefundPayment},
    orders::finalize::{Finalized, ToFinalize, finalize},
    payments::{
        Gateways, QuestionPolicy, ask,
        gateway::{Asked, Gateway, Redirection, StartPayment},
        record_answer::{RecordAnswer, Recorded, Source, record_answer},
        verify::Questions,
    },
    queue::{self, Lease, WorkerId},
    refunds::{RefundRun, RefundTerms, refund_payment},
    review::{Decision, ResolveError, Resolved},
};
use gateways::{
    HttpClient,
    esewa::{Esewa, EsewaSettings},
    khalti::{Khalti, KhaltiSettings},
};
use sandbox::{Sandbox, SandboxSettings};
use serde_json::{Value, json};
use test_support::{
    TestDatabase,
    factories::{Cart, Intent, Provider, Shop},
};
use tokio_util::sync::CancellationToken;

const GATEWAY_TIMEOUT: Duration = Duration::from_millis(400);
const LEASE: Duration = Duration::from_secs(30);
pub(crate) const PRICE_MINOR: i64 = 50_000;

pub(crate) struct World {
    pub(crate) database: TestDatabase,
    pub(crate) shop: Shop,
    pub(crate) questions: Questions,
    pub(crate) terms: RefundTerms,
    clients: Vec<Arc<dyn Gateway>>,
    sandbox: Sandbox,
    http: reqwest::Client,
    worker_id: WorkerId,
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = TestDatabase::create().await;
        let shop = Shop::open(&database).await;
        let sandbox = Sandbox::start(SandboxSettings::default()).await.unwrap();
        let client = HttpClient::new(GATEWAY_TIMEOUT).unwrap();
        let at = |path: &str| format!("{}{path}", sandbox.url()).parse().unwrap();
        let esewa = EsewaSettings {
            product_code: "EPAYTEST".to_owned(),
            secret_key: "8gBm/:&EnhH.1/q".to_owned().into(),
            previous_secret_key: None,
            form_url: at("/esewa/api/epay/main/v2/form"),
            status_url: at("/esewa/api/epay/transaction/status/"),
            callback_public_url: Some("http://shop.example".to_owned()),
        };
        let khalti = KhaltiSettings {
            secret_key: "sandbox-khalti-secret-key".to_owned().into(),
            base_url: at("/khalti/api/v2/"),
            refund_url: at("/khalti/api/merchant-transaction/"),
            website_url: Some(at("/")),
            callback_public_url: Some("http://shop.example".to_owned()),
        };
        let gateways: Vec<Arc<dyn Gateway>> = vec![
            Arc::new(Esewa::new(esewa, client.clone()).unwrap()),
            Arc::new(Khalti::new(khalti, client).unwrap()),
        ];
        let policy = QuestionPolicy {
            first_ages: vec![Duration::from_secs(60)],
            give_up_age: Duration::from_secs(24 * 3600),
            not_found_grace: Duration::from_secs(900),
            job_attempts_max: 5,
        };
        let questions = Questions {
            pool: database.pool_as("order_worker"),
            gateways: Gateways::new(gateways.clone()),
            policy,
        };
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let terms = RefundTerms::of_all_gateways(5);
        Self {
            database,
            shop,
            questions,
            terms,
            clients: gateways,
            sandbox,
            http,
            worker_id: WorkerId::unique("test"),
        }
    }

    /// An open payment of one unit, known to its gateway.
    pub(crate) async fn intent(&self, provider: Provider) -> Sale {
        let variant = self.shop.variant(PRICE_MINOR, 1).await;
        let cart = self.shop.cart(&[(&variant, 1)]).await;
        let intent = self.intent_for(provider, &cart).await;
        Sale { intent, cart, variant }
    }

    /// An open payment of what a cart holds, known to its gateway.
    pub(crate) async fn intent_for(&self, provider: Provider, cart: &Cart) -> Intent {
        let mut intent = self.shop.intent(provider, cart).await;
        let gateway = self.questions.gateways.by_word(word(provider)).unwrap();
        let payment = StartPayment {
            payment_intent_id: intent.payment_intent_id.clone(),
            subtotal_minor: intent.amount_minor,
            discount_minor: 0,
            shipping_minor: 0,
            tax_minor: 0,
            amount_minor: intent.amount_minor,
            display_name: "Tea".to_owned(),
            customer_name: "Sita Rai".to_owned(),
            customer_phone: "9800000001".to_owned(),
        };
        let started = gateway.start(payment).await.unwrap();
        if let Redirection::Form { url, fields } = started.redirection {
            let opened = self.http.post(url).form(&fields).send().await.unwrap();
            assert!(opened.status().is_redirection(), "{}", opened.text().await.unwrap());
        }
        // The factory does not know the pidx; what names a payment never changes, so this goes past the triggers.
        let name = format!(
            "SET session_replication_role = replica;
             UPDATE payment_intents SET gateway_reference = '{}' WHERE payment_intent_id = '{}';
             RESET session_replication_role",
            started.gateway_reference, intent.payment_intent_id
        );
        self.shop.client.batch_execute(&name).await.unwrap();
        intent.gateway_reference = started.gateway_reference;
        intent
    }

    /// Plays the shopper, the portal or the gateway.
    pub(crate) async fn act(&self, intent: &Intent, action: &str) {
        let path = format!("/control/payments/{}/{action}", at_gateway(intent));
        let acted =
            self.http.post(format!("{}{path}", self.sandbox.url())).json(&json!({})).send().await.unwrap();
        assert!(acted.status().is_success(), "{action}: {}", acted.text().await.unwrap());
    }

    /// Replaces the modes of a payment.
    pub(crate) async fn modes(&self, intent: &Intent, modes: &[&str]) {
        let path = format!("/control/payments/{}/modes", at_gateway(intent));
        let body = json!({ "modes": modes, "slow_ms": 1000 });
        let set = self.http.put(format!("{}{path}", self.sandbox.url())).json(&body).send().await.unwrap();
        assert!(set.status().is_success(), "{}", set.text().await.unwrap());
    }

    /// What the gateway's own books say about a payment.
    pub(crate) async fn at_gateway(&self, intent: &Intent) -> Value {
        let path = format!("/control/payments/{}", at_gateway(intent));
        self.http.get(format!("{}{path}", self.sandbox.url())).send().await.unwrap().json().await.unwrap()
    }

    /// Refunds that the gateway has made.
    pub(crate) async fn refunds_made(&self, intent: &Intent) -> usize {
        self.at_gateway(intent).await["refunds"].as_array().unwrap().len()
    }

    /// Asks the gateway and records its answer, as a returning browser makes it happen.
    pub(crate) async fn hear(&self, intent: &Intent) -> Recorded {
        self.hear_with(intent, &self.questions.policy).await
    }

    pub(crate) async fn hear_with(&self, intent: &Intent, policy: &QuestionPolicy) -> Recorded {
        let pool = self.database.pool_as("payment_callback");
        let mut connection = pool.connection().await.unwrap();
        let stored = ask::look_up(&mut connection, &intent.payment_intent_id).await.unwrap().unwrap();
        let gateway = self.questions.gateways.by_word(&stored.provider).unwrap();
        let asked: Asked = ask::ask(gateway, ask::question_about(&stored).unwrap()).await;
        let command =
            RecordAnswer { intent: &stored, asked: &asked, source: Source::Callback, policy, lease: None };
        record_answer(&mut connection, command).await.unwrap()
    }

    /// The policy of a shop that calls everything undecided too old.
    pub(crate) fn impatient(&self) -> QuestionPolicy {
        QuestionPolicy { give_up_age: Duration::ZERO, ..self.questions.policy.clone() }
    }

    /// Claims every job of a type, due or not.
    pub(crate) async fn claim(&self, job_type: &str) -> Vec<Lease> {
        let due = "UPDATE job_queue SET run_at = now() - interval '1 second' WHERE status = 'pending' AND job_type = $1";
        self.shop.client.execute(due, &[&job_type]).await.unwrap();
        let mut connection = self.questions.pool.connection().await.unwrap();
        queue::claim(&mut connection, &self.worker_id, job_type, 100, LEASE).await.unwrap()
    }

    /// Runs the order's job of everything that is paid, in one batch.
    pub(crate) async fn finalize(&self) -> Finalized {
        let leases = self.claim(FinalizeOrder::JOB_TYPE).await;
        let ids: Vec<FinalizeOrder> = leases.iter().map(|lease| lease.read().unwrap()).collect();
        let batch: Vec<ToFinalize<'_>> = leases
            .iter()
            .zip(&ids)
            .map(|(lease, job)| ToFinalize { lease, payment_intent_id: &job.payment_intent_id })
            .collect();
        let mut connection = self.questions.pool.connection().await.unwrap();
        finalize(&mut connection, &self.worker_id, &batch, &self.terms).await.unwrap()
    }

    /// Runs the refund's job, which must be there, and no other.
    pub(crate) async fn run_refund(&self) -> RefundRun {
        self.run_refund_with(&self.questions).await
    }

    pub(crate) async fn run_refund_with(&self, questions: &Questions) -> RefundRun {
        let leases = self.claim(RefundPayment::JOB_TYPE).await;
        let [lease] = leases.as_slice() else { panic!("{} refund jobs are due", leases.len()) };
        let job: RefundPayment = lease.read().unwrap();
        refund_payment(questions, &job.payment_intent_id, lease, &CancellationToken::new()).await.unwrap()
    }

    /// The clients of all gateways.
    pub(crate) fn gateways(&self) -> Vec<Arc<dyn Gateway>> {
        self.clients.clone()
    }

    pub(crate) async fn set_stock(&self, variant: &str, available: i32) {
        let set = "SELECT set_stock($1, $2, 'counted by a test')";
        self.shop.client.execute(set, &[&variant, &available]).await.unwrap();
    }

    /// One text of one row.
    pub(crate) async fn text(&self, sql: &str, intent: &Intent) -> String {
        let row = self.shop.client.query_one(sql, &[&intent.payment_intent_id]).await.unwrap();
        row.get::<_, Option<String>>(0).unwrap_or_default()
    }

    /// The refunds of an intent: `status amount`, oldest first.
    pub(crate) async fn refunds(&self, intent: &Intent) -> Vec<String> {
        let read = "SELECT format('%s %s', status, amount_minor) FROM refunds WHERE payment_intent_id = $1 ORDER BY id";
        let rows = self.shop.client.query(read, &[&intent.payment_intent_id]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// The cases of an intent: `kind` while open, else `kind: resolution`, oldest first.
    pub(crate) async fn cases(&self, intent: &Intent) -> Vec<String> {
        let read = "SELECT kind || coalesce(': ' || resolution, '') FROM review_cases WHERE payment_intent_id = $1 ORDER BY id";
        let rows = self.shop.client.query(read, &[&intent.payment_intent_id]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Everything that a refused or repeated decision must leave as it was.
    pub(crate) async fn everything(&self) -> Vec<String> {
        let read = "SELECT format('%s', pi) FROM payment_intents pi
            UNION ALL SELECT format('%s', r) FROM refunds r UNION ALL SELECT format('%s', c) FROM review_cases c
            UNION ALL SELECT format('%s', o) FROM orders o UNION ALL SELECT format('%s', i) FROM inventory i
            UNION ALL SELECT format('%s', m) FROM inventory_movements m UNION ALL SELECT format('%s', a) FROM admin_audit_log a
            UNION ALL SELECT format('%s %s', j.job_type, j.status) FROM job_queue j WHERE j.job_type <> 'finalize_order'
            ORDER BY 1";
        let rows = self.shop.client.query(read, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Decides as an operator does, with the rights of the console.
    pub(crate) async fn fulfil(&self, intent: &Intent) -> Result<Resolved, ResolveError> {
        let pool = self.database.pool_as("admin_console");
        domain::review::fulfil(&mut pool.connection().await.unwrap(), decision(intent), 5).await
    }

    pub(crate) async fn refund(&self, intent: &Intent) -> Result<Resolved, ResolveError> {
        let pool = self.database.pool_as("admin_console");
        domain::review::refund(&mut pool.connection().await.unwrap(), decision(intent), &self.terms).await
    }

    pub(crate) async fn refunded_by_hand(
        &self,
        intent: &Intent,
        portal_reference: &str,
        amount_minor: i64,
    ) -> Result<Resolved, ResolveError> {
        let pool = self.database.pool_as("admin_console");
        let portal = domain::review::PortalRefund { portal_reference, amount_minor };
        let mut connection = pool.connection().await.unwrap();
        domain::review::refunded_by_hand(&mut connection, decision(intent), portal).await
    }

    pub(crate) async fn dismiss(&self, intent: &Intent) -> Result<Resolved, ResolveError> {
        let pool = self.database.pool_as("admin_console");
        domain::review::dismiss(&mut pool.connection().await.unwrap(), decision(intent)).await
    }
}

/// One payment and what it is for.
pub(crate) struct Sale {
    pub(crate) intent: Intent,
    pub(crate) cart: Cart,
    pub(crate) variant: String,
}

pub(crate) fn decision(intent: &Intent) -> Decision<'_> {
    Decision {
        payment_intent_id: &intent.payment_intent_id,
        case_id: None,
        operator: "hari",
        reason: "the shopper called",
    }
}

const fn word(provider: Provider) -> &'static str {
    match provider {
        Provider::Esewa => "esewa",
        Provider::Khalti => "khalti",
    }
}

fn at_gateway(intent: &Intent) -> String {
    let provider = intent.payment_intent_id.split('_').nth(1).unwrap();
    format!("{provider}/{}", intent.gateway_reference)
}
