use domain::payments::gateway::{Gateway, StartPaymentError};
use gateways::{
    SettingsError,
    esewa::{Esewa, EsewaSettings},
    khalti::{Khalti, KhaltiSettings},
};

use crate::{
    esewa_form,
    fake::{PATIENCE, client},
    khalti_initiate,
    signed::SANDBOX_KEY,
};

fn esewa_fault(settings: EsewaSettings) -> &'static str {
    Esewa::new(settings, client(PATIENCE)).map(|_| ()).unwrap_err().variable
}

fn khalti_fault(settings: KhaltiSettings) -> SettingsError {
    Khalti::new(settings, client(PATIENCE)).map(|_| ()).unwrap_err()
}

#[test]
fn an_unusable_esewa_setting_is_named() {
    let good = esewa_form::settings;
    let text = str::to_owned;
    for wrong in ["", "EPAY TEST", "EPAY,TEST", "EPAY=TEST", "ईसेवा"] {
        assert_eq!(esewa_fault(EsewaSettings { product_code: text(wrong), ..good() }), "ESEWA__PRODUCT_CODE");
    }
    for wrong in ["", " ", "key\n"] {
        assert_eq!(esewa_fault(EsewaSettings { secret_key: wrong.into(), ..good() }), "ESEWA__SECRET_KEY");
        let previous_secret_key = Some(wrong.into());
        let fault = esewa_fault(EsewaSettings { previous_secret_key, ..good() });
        assert_eq!(fault, "ESEWA__PREVIOUS_SECRET_KEY");
    }
}

#[test]
fn an_unusable_khalti_setting_is_named() {
    let good = || khalti_initiate::settings("http://127.0.0.1:9");
    for wrong in ["", "Key abc", "key abc", "abc\u{7f}"] {
        let fault = khalti_fault(KhaltiSettings { secret_key: wrong.into(), ..good() });
        assert_eq!(fault.variable, "KHALTI__SECRET_KEY");
    }
    let fault = khalti_fault(KhaltiSettings { secret_key: "Key abc".into(), ..good() });
    assert_eq!(
        fault.to_string(),
        "KHALTI__SECRET_KEY must be the key alone, without the word `Key` before it"
    );
}

#[test]
fn nothing_prints_a_key() {
    let khalti_settings = khalti_initiate::settings("http://127.0.0.1:9");
    let rotated = EsewaSettings { previous_secret_key: Some(SANDBOX_KEY.into()), ..esewa_form::settings() };
    let printed = [
        format!("{rotated:?}"),
        format!("{khalti_settings:?}"),
        format!("{:?}", Esewa::new(rotated, client(PATIENCE)).unwrap()),
        format!("{:?}", Khalti::new(khalti_settings, client(PATIENCE)).unwrap()),
    ];
    for text in printed {
        assert!(!text.contains(SANDBOX_KEY) && !text.contains(khalti_initiate::KEY), "{text}");
    }
}

#[tokio::test]
async fn a_service_that_only_asks_needs_no_address_of_its_own_and_starts_nothing() {
    let esewa = EsewaSettings { callback_public_url: None, ..esewa_form::settings() };
    let khalti = khalti_initiate::settings("http://127.0.0.1:9");
    let homeless = KhaltiSettings { callback_public_url: None, ..khalti.clone() };
    let shopless = KhaltiSettings { website_url: None, ..khalti };
    let gateways: [(Box<dyn Gateway>, &str); 3] = [
        (Box::new(Esewa::new(esewa, client(PATIENCE)).unwrap()), "CALLBACK__PUBLIC_URL is not set"),
        (Box::new(Khalti::new(homeless, client(PATIENCE)).unwrap()), "CALLBACK__PUBLIC_URL is not set"),
        (Box::new(Khalti::new(shopless, client(PATIENCE)).unwrap()), "STOREFRONT__URL is not set"),
    ];
    for (gateway, missing) in gateways {
        match gateway.start(esewa_form::payment("pi_1", 1000)).await {
            Err(StartPaymentError::Unavailable { reason }) => assert_eq!(reason, missing),
            other => panic!("{other:?}"),
        }
    }
}
