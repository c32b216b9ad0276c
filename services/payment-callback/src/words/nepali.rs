//! Unreviewed: no speaker of Nepali has read these sentences yet. `LABELS.unreviewed` says so on every page, beside a
//! way to the English text; it goes when somebody has.

use domain::{client_status::ClientStatus, nepal_time::NepalTime};

use super::{Labels, Notice, Words};

pub(super) const LABELS: Labels = Labels {
    order_number: "अर्डर नम्बर",
    amount: "रकम",
    through: "माध्यम",
    reference: "सन्दर्भ नम्बर",
    since: "अवस्था बदलिएको समय",
    nepal_time: "नेपाली समय",
    see_status: "आफ्नो भुक्तानीको अवस्था हेर्नुहोस्",
    back_to_shop: "पसलमा फर्कनुहोस्",
    language: "नेपाली",
    unreviewed: Some("यो नेपाली पाठ अझै भाषाका जानकारले जाँचेका छैनन्। शङ्का लागे अङ्ग्रेजी पाठ हेर्नुहोस्।"),
};

const MONTHS: [&str; 12] =
    ["जनवरी", "फेब्रुअरी", "मार्च", "अप्रिल", "मे", "जुन", "जुलाई", "अगस्ट", "सेप्टेम्बर", "अक्टोबर", "नोभेम्बर", "डिसेम्बर"];

/// Years are those of the common era, which receipts of both gateways carry.
pub(super) fn time(time: NepalTime) -> String {
    let NepalTime { year, day, hour, minute, month_index } = time;
    let month = MONTHS.get(month_index).copied().unwrap_or_default();
    format!("{year} {month} {day}, {hour:02}:{minute:02}")
}

pub(super) fn payment(status: ClientStatus, gateway: &str) -> Words {
    let (heading, text) = match status {
        ClientStatus::AwaitingPayment => (
            "तपाईंको भुक्तानी पर्खिँदै छौं",
            format!("{gateway} बाट भुक्तानीको जानकारी अहिलेसम्म आएको छैन। आउनेबित्तिकै यही पृष्ठमा देखिनेछ।"),
        ),
        ClientStatus::Verifying => (
            "तपाईंको भुक्तानी जाँच्दै छौं",
            format!(
                "हामी {gateway} सँग तपाईंको भुक्तानीबारे सोध्दै छौं। यसमा केही सेकेन्ड, कहिलेकाहीँ केही मिनेट लाग्न सक्छ। यो पृष्ठ \
                 बन्द गर्नुभए पनि हामी सोधिरहनेछौं। यसबीच कृपया फेरि भुक्तानी नगर्नुहोला।"
            ),
        ),
        ClientStatus::Paid => (
            "भुक्तानी प्राप्त भयो, अर्डर तयार हुँदै छ",
            format!(
                "{gateway} ले तपाईंको भुक्तानी पुष्टि गरेको छ। हामी तपाईंको अर्डर तयार गर्दै छौं; केही क्षणमै त्यसको नम्बर यहाँ देखिनेछ।"
            ),
        ),
        ClientStatus::Confirmed => {
            ("तपाईंको अर्डर पक्का भयो", "धन्यवाद। तपाईंको भुक्तानी प्राप्त भयो र अर्डर पक्का भयो।".to_owned())
        }
        ClientStatus::Failed => (
            "अर्डर बनेन",
            format!(
                "अर्डर बनाउन मिल्ने तपाईंको कुनै भुक्तानी {gateway} मा भेटिएन। पसलमा फर्केर फेरि प्रयास गर्न सक्नुहुन्छ। तैपनि तपाईंको \
                 खाताबाट रकम काटिएको छ भने तलको सन्दर्भ नम्बर राख्नुहोस् र पसललाई भन्नुहोस्: त्यसैबाट भुक्तानी पत्ता लगाउन सकिन्छ।"
            ),
        ),
        ClientStatus::Expired => (
            "भुक्तानी गर्ने समय सकियो",
            "तोकिएको समयभित्र भुक्तानी हामीकहाँ आइपुगेन, त्यसैले सामान अब तपाईंका लागि छुट्याइएको छैन। भुक्तानी गरिसक्नुभएको छ भने \
             त्यो हराउँदैन: हामी पत्ता लगाउनेछौं।"
                .to_owned(),
        ),
        ClientStatus::Refunding => (
            "तपाईंको रकम फिर्ता हुँदै छ",
            format!(
                "हामी {gateway} मार्फत तपाईंको रकम फिर्ता गर्दै छौं। फिर्ता भएको कुरा {gateway} ले जनाएपछि यही पृष्ठमा देखिनेछ।"
            ),
        ),
        ClientStatus::Refunded => {
            ("तपाईंको रकम फिर्ता भयो", format!("{gateway} का अनुसार तपाईंको रकम फिर्ता गरिएको छ।"))
        }
        ClientStatus::UnderReview => (
            "हामी तपाईंको भुक्तानी केलाउँदै छौं",
            "तपाईंको भुक्तानीबारे हाम्रा एक जना कर्मचारीले निर्णय गर्नुपर्ने भएको छ। केही हराएको छैन, र तपाईंले फेरि भुक्तानी गर्नु पर्दैन।"
                .to_owned(),
        ),
    };
    Words { heading, text }
}

pub(super) const fn notice(notice: Notice) -> (&'static str, &'static str) {
    match notice {
        Notice::UnknownIntent => {
            ("यस्तो भुक्तानी भेटिएन", "कृपया ठेगाना जाँच्नुहोस्, वा जुन पसलबाट आउनुभएको हो त्यहीँ फर्कनुहोस्।")
        }
        Notice::CallbackInvalid => (
            "यो ठेगाना पढ्न सकिएन",
            "तपाईं आउनुभएको ठेगाना बिग्रिएको छ वा अर्कै भुक्तानीको हो, त्यसैले यसले केही बदलेको छैन। तपाईंको आफ्नै भुक्तानीमा यसको \
             असर पर्दैन।",
        ),
        Notice::TooMany => ("कृपया एकछिन पर्खनुहोस्", "यो ठेगाना धेरै पटक खोलियो। यो पृष्ठ आफैं फेरि प्रयास गर्छ।"),
        Notice::Unavailable => (
            "कृपया एकछिन पर्खनुहोस्",
            "अहिले हामी तपाईंको भुक्तानी हेर्न सकेनौं। केही हराएको छैन: यो पृष्ठ आफैं फेरि प्रयास गर्छ, र तपाईंले फेरि भुक्तानी गर्नु पर्दैन।",
        ),
        Notice::Internal => (
            "हाम्रो तर्फबाट केही गडबडी भयो",
            "केही हराएको छैन र तपाईंले फेरि भुक्तानी गर्नु पर्दैन। कृपया केही मिनेटपछि यो पृष्ठ फेरि खोल्नुहोस्।",
        ),
        Notice::Unattended => ("तपाईंको भुक्तानी जाँच्दै छौं", "यो पृष्ठ आफैं अगाडि बढ्छ।"),
    }
}
