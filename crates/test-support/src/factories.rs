//! Rows to test with, in plain SQL: they respect every constraint and use none of the code under test.

#![expect(clippy::unwrap_used, reason = "a factory that cannot make its rows has failed the test that asked")]

use tokio_postgres::Client;
use uuid::Uuid;

use crate::TestDatabase;

/// Attempts of the jobs made here.
const JOB_ATTEMPTS_MAX: i32 = 20;

/// Makes rows in one test's database.
pub struct Shop {
    /// For looking at what the code under test left.
    pub client: Client,
}

/// A cart with lines, and whose it is.
#[derive(Debug, Clone)]
pub struct Cart {
    pub cart_id: String,
    pub user_id: String,
}

/// An intent whose stock is held.
#[derive(Debug, Clone)]
pub struct Intent {
    pub payment_intent_id: String,
    pub gateway_reference: String,
    pub amount_minor: i64,
}

/// The gateway of an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    Esewa,
    Khalti,
}

impl Provider {
    const fn word(self) -> &'static str {
        match self {
            Self::Esewa => "esewa",
            Self::Khalti => "khalti",
        }
    }
}

impl Shop {
    /// A shop with nothing in it.
    pub async fn open(database: &TestDatabase) -> Self {
        Self { client: database.client().await }
    }

    /// A variant of a product of a vendor, with stock. Returns its `variant_id`.
    pub async fn variant(&self, unit_price_minor: i64, available: i32) -> String {
        let id = Uuid::new_v4().simple().to_string();
        let make = "WITH v AS (INSERT INTO vendor_profiles (vendor_id, display_name) VALUES ('v-' || $1, 'Himal')),
                p AS (INSERT INTO products (product_id, vendor_id, name) VALUES ('p-' || $1, 'v-' || $1, 'Tea')),
                pv AS (INSERT INTO product_variants (variant_id, product_id, sku, title, unit_price_minor)
                       VALUES ($1, 'p-' || $1, 'sku-' || $1, '100 g', $2))
            INSERT INTO inventory (variant_id, available) VALUES ($1, $3)";
        self.client.execute(make, &[&id, &unit_price_minor, &available]).await.unwrap();
        id
    }

    /// A new shopper's cart with these variants and quantities at the catalogue's prices.
    pub async fn cart(&self, lines: &[(&str, i32)]) -> Cart {
        let user_id = format!("shopper-{}", Uuid::new_v4().simple());
        let make = "INSERT INTO carts (user_id) VALUES ($1) RETURNING cart_id::text";
        let cart_id: String = self.client.query_one(make, &[&user_id]).await.unwrap().get(0);
        let cart = Cart { cart_id, user_id };
        for (variant_id, quantity) in lines {
            self.put(&cart, variant_id, *quantity).await;
        }
        cart
    }

    /// Sets the quantity of a line, as a shopper does.
    pub async fn put(&self, cart: &Cart, variant_id: &str, quantity: i32) {
        let put = "INSERT INTO cart_items (cart_id, variant_id, quantity, unit_price_minor)
            SELECT $1::text::uuid, variant_id, $3, unit_price_minor FROM product_variants WHERE variant_id = $2
            ON CONFLICT (cart_id, variant_id) DO UPDATE SET quantity = excluded.quantity";
        self.client.execute(put, &[&cart.cart_id, &variant_id, &quantity]).await.unwrap();
    }

    /// An intent that awaits payment for what the cart holds, its stock held and its first question owed in a
    /// minute. Its gateway reference is the one eSewa would use.
    pub async fn intent(&self, provider: Provider, cart: &Cart) -> Intent {
        let payment_intent_id = intent_id(provider);
        let reference = payment_intent_id.replace('_', "-");
        let make = "WITH made AS (
                INSERT INTO payment_intents (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider,
                       gateway_reference, status, status_cause, reservation, subtotal_minor, amount_minor,
                       shipping_address, expires_at)
                SELECT $1, c.user_id, c.cart_id, c.version, c.round, $2, $3, 'awaiting_payment', 'made by a test', 'held',
                       lines.total, lines.total, '{\"full_name\":\"Sita Rai\",\"city\":\"Pokhara\"}', now() + interval '30 minutes'
                  FROM carts c,
                       LATERAL (SELECT sum(quantity * unit_price_minor)::bigint AS total
                                  FROM cart_items ci WHERE ci.cart_id = c.cart_id) AS lines
                 WHERE c.cart_id = $4::text::uuid
                RETURNING amount_minor
            ), owed AS (
                INSERT INTO job_queue (job_type, payload, priority, run_at, max_attempts, idempotency_key)
                SELECT 'verify_payment', jsonb_build_object('payment_intent_id', $1::text), 100, now() + interval '1 minute', $5,
                       'verify_payment:' || $1
            )
            SELECT amount_minor FROM made";
        let (id, word) = (&payment_intent_id, provider.word());
        let made =
            self.client.query_one(make, &[id, &word, &reference, &cart.cart_id, &JOB_ATTEMPTS_MAX]).await;
        let amount_minor: i64 = made.unwrap().get(0);
        self.hold_stock(&payment_intent_id, cart).await;
        Intent { payment_intent_id, gateway_reference: reference, amount_minor }
    }

    async fn hold_stock(&self, payment_intent_id: &str, cart: &Cart) {
        let hold = "WITH lines AS (
                INSERT INTO payment_intent_items (payment_intent_id, variant_id, vendor_id, product_name, title, sku, quantity,
                       unit_price_minor)
                SELECT $1, ci.variant_id, p.vendor_id, p.name, pv.title, pv.sku, ci.quantity, ci.unit_price_minor
                  FROM cart_items ci JOIN product_variants pv USING (variant_id) JOIN products p USING (product_id)
                 WHERE ci.cart_id = $2::text::uuid
                RETURNING variant_id, quantity
            ), held AS (
                UPDATE inventory i SET available = available - l.quantity, reserved = reserved + l.quantity, version = version + 1
                  FROM lines l WHERE l.variant_id = i.variant_id
            )
            INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason, payment_intent_id)
            SELECT variant_id, -quantity, quantity, 0, 'reserved', $1 FROM lines";
        self.client.execute(hold, &[&payment_intent_id, &cart.cart_id]).await.unwrap();
    }

    /// What a matching answer of the gateway leaves: its event, a verification, the status `verified` (stock as it was), and
    /// a `finalize_order` job that is due.
    pub async fn verify(&self, intent: &Intent) {
        let verify = "WITH answer AS (
                INSERT INTO payment_intent_events (payment_intent_id, kind, outcome, cause)
                VALUES ($1, 'gateway_answered', 'paid', 'scheduled_question')
            ), proof AS (
                INSERT INTO payment_gateway_verifications (payment_intent_id, provider, gateway_transaction_id, status,
                       amount_minor, raw_response, source)
                SELECT payment_intent_id, provider, 'transaction-' || payment_intent_id, 'completed', amount_minor, '{}',
                       'scheduled_question'
                  FROM payment_intents WHERE payment_intent_id = $1
            ), moved AS (
                UPDATE payment_intents SET status = 'verified', status_cause = 'made by a test', updated_at = now()
                 WHERE payment_intent_id = $1
            )
            INSERT INTO job_queue (job_type, payload, priority, max_attempts, idempotency_key)
            VALUES ('finalize_order', jsonb_build_object('payment_intent_id', $1::text), 10, $2, 'finalize_order:' || $1)";
        self.client.execute(verify, &[&intent.payment_intent_id, &JOB_ATTEMPTS_MAX]).await.unwrap();
    }

    /// Takes the stock of an unpaid intent back, as expiry and a newer intent do.
    pub async fn release(&self, intent: &Intent, status: &str) {
        let release = "WITH moved AS (
                UPDATE payment_intents SET status = $2, status_cause = 'made by a test', reservation = 'released'
                 WHERE payment_intent_id = $1
            ), lines AS (
                SELECT variant_id, quantity FROM payment_intent_items WHERE payment_intent_id = $1
            ), freed AS (
                UPDATE inventory i SET available = available + l.quantity, reserved = reserved - l.quantity, version = version + 1
                  FROM lines l WHERE l.variant_id = i.variant_id
            )
            INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason, payment_intent_id)
            SELECT variant_id, quantity, -quantity, 0, 'released', $1 FROM lines";
        self.client.execute(release, &[&intent.payment_intent_id, &status]).await.unwrap();
    }

    /// Where an intent stands.
    pub async fn status(&self, intent: &Intent) -> String {
        let read = "SELECT status FROM payment_intents WHERE payment_intent_id = $1";
        self.client.query_one(read, &[&intent.payment_intent_id]).await.unwrap().get(0)
    }

    /// `available`, `reserved` and `sold` of a variant.
    pub async fn stock(&self, variant_id: &str) -> (i32, i32, i32) {
        let read = "SELECT available, reserved, sold FROM inventory WHERE variant_id = $1";
        let row = self.client.query_one(read, &[&variant_id]).await.unwrap();
        (row.get(0), row.get(1), row.get(2))
    }

    /// Kind and status of an intent's review cases, oldest first.
    pub async fn cases(&self, intent: &Intent) -> Vec<(String, String)> {
        let read = "SELECT kind, status FROM review_cases WHERE payment_intent_id = $1 ORDER BY id";
        let rows = self.client.query(read, &[&intent.payment_intent_id]).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }
}

/// `pi_<provider>_` and 26 characters of lower-case Crockford base32.
fn intent_id(provider: Provider) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let random: Vec<u8> = [Uuid::new_v4(), Uuid::new_v4()].iter().flat_map(|id| id.into_bytes()).collect();
    let letters = random.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 32))).take(26);
    format!("pi_{}_{}", provider.word(), letters.map(|letter| char::from(*letter)).collect::<String>())
}
