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
    for wrong in ["", "rc-epay.esewa.com.np", "ftp://esewa.com.np/", "https://", "https://u:p@esewa.com.np/"]
    {
        assert_eq!(esewa_fault(EsewaSettings { form_url: text(wrong), ..good() }), "ESEWA__FORM_URL");
        assert_eq!(esewa_fault(EsewaSettings { status_url: text(wrong), ..good() }), "ESEWA__STATUS_URL");
        let fault = esewa_fault(EsewaSettings { callback_public_url: text(wrong), ..good() });
        assert_eq!(fault, "CALLBACK__PUBLIC_URL");
    }
    let fault = esewa_fault(EsewaSettings { callback_public_url: text("https://a.example/?q=su"), ..good() });
    assert_eq!(fault, "CALLBACK__PUBLIC_URL");
}

#[test]
fn an_unusable_khalti_setting_is_named() {
    let good = || khalti_initiate::settings("http://127.0.0.1:9");
    let text = |text: &str| text.to_owned();
    let fault = khalti_fault(KhaltiSettings { base_url: text("khalti.com"), ..good() });
    assert_eq!(fault.variable, "KHALTI__BASE_URL");
    let fault = khalti_fault(KhaltiSettings { refund_url: text("/api"), ..good() });
    assert_eq!(fault.variable, "KHALTI__REFUND_URL");
    let fault = khalti_fault(KhaltiSettings { website_url: text("shop"), ..good() });
    assert_eq!(fault.variable, "STOREFRONT__URL");
    let fault = khalti_fault(KhaltiSettings { callback_public_url: text("x:y"), ..good() });
    assert_eq!(fault.variable, "CALLBACK__PUBLIC_URL");
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
