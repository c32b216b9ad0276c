/// The parts of the console, in the order of its navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Overview,
    Jobs,
    Payments,
    ReviewCases,
    Orders,
    Stock,
    Audit,
}

impl Section {
    pub(crate) const ALL: [Self; 7] = [
        Self::Overview,
        Self::Jobs,
        Self::Payments,
        Self::ReviewCases,
        Self::Orders,
        Self::Stock,
        Self::Audit,
    ];

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Jobs => "Jobs",
            Self::Payments => "Payments",
            Self::ReviewCases => "Review cases",
            Self::Orders => "Orders",
            Self::Stock => "Stock",
            Self::Audit => "Audit",
        }
    }

    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Overview => "/admin",
            Self::Jobs => "/admin/jobs",
            Self::Payments => "/admin/payments",
            Self::ReviewCases => "/admin/cases",
            Self::Orders => "/admin/orders",
            Self::Stock => "/admin/stock",
            Self::Audit => "/admin/audit",
        }
    }
}

/// What `layout.html` puts around a page. Made by [`Session::frame`](crate::door::Session::frame).
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// Empty where nobody is signed in.
    pub(crate) operator: String,
    pub(crate) role: &'static str,
    /// Whether buttons are shown.
    pub(crate) can_change: bool,
    /// The proof that every form carries.
    pub(crate) csrf: String,
    /// What the request before left to say.
    pub(crate) notice: Option<String>,
    pub(crate) section: Option<Section>,
}

impl Frame {
    /// For pages that anybody may see: no navigation, no name.
    pub(crate) const fn outside() -> Self {
        Self {
            operator: String::new(),
            role: "",
            can_change: false,
            csrf: String::new(),
            notice: None,
            section: None,
        }
    }

    pub(crate) const fn sections(&self) -> [Section; 7] {
        Section::ALL
    }

    pub(crate) fn is_current(&self, section: &Section) -> bool {
        self.section == Some(*section)
    }
}
