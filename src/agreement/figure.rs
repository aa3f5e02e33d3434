//! A figure, or why there is none.

/// A figure, or why there is none.
pub type Figure = Result<f64, Undefined>;

/// Why a figure is not defined.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Undefined {
    /// Nobody is decided by both lenses, or by all or any two.
    NobodyDecided,
    /// There is one lens only.
    OneLens,
    /// Nobody is given the focus verdict by either lens.
    NobodyMeant,
    /// The lens gives the focus verdict to nobody.
    EmptyLens,
    /// Only one verdict comes up, so that agreement by chance is certain.
    OneVerdict,
}

impl Undefined {
    /// In words.
    pub fn why(self) -> &'static str {
        match self {
            Self::NobodyDecided => "no subject is decided by enough lenses",
            Self::OneLens => "there is only one lens",
            Self::NobodyMeant => "neither lens gives this verdict to anybody",
            Self::EmptyLens => "the lens gives this verdict to nobody",
            Self::OneVerdict => "only one verdict comes up, so agreement by chance is certain",
        }
    }
}

/// A share of whole counts; undefined for `why` where the whole is nothing.
pub(super) fn share(part: u64, whole: u64, why: Undefined) -> Figure {
    if whole == 0 { Err(why) } else { Ok(part as f64 / whole as f64) }
}

/// Agreement beyond chance: (observed − expected) / (1 − expected).
pub(super) fn beyond_chance(observed: f64, expected: f64) -> f64 {
    (observed - expected) / (1.0 - expected)
}
