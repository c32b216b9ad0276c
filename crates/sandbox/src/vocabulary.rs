/// Declares an enum whose words, owners and descriptions are one table, so that what the sandbox lists
/// about itself cannot differ from what it does.
macro_rules! vocabulary {
    (
        $(#[$attribute:meta])*
        $name:ident { $($variant:ident = $word:literal, [$($provider:ident),+], $summary:literal;)+ }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub(crate) enum $name {
            $(#[doc = $summary] #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant),+];

            pub(crate) fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            pub(crate) fn providers(self) -> &'static [$crate::provider::Provider] {
                match self { $(Self::$variant => &[$($crate::provider::Provider::$provider),+]),+ }
            }

            pub(crate) fn summary(self) -> &'static str {
                match self { $(Self::$variant => $summary),+ }
            }
        }
    };
}

pub(crate) use vocabulary;
