//! Bugs that the comparison with the plain evaluator must find, and plans that it must see on worlds so small that no
//! other would be chosen. Without the feature `planted-bugs` neither can be switched on, and asking costs nothing.

/// What goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bug {
    /// The last delta of a fixpoint is dropped.
    LostDelta = 1,
    /// `unless` is not looked at.
    NoUnless,
    /// `<` also holds for equal values.
    WeakLess,
    /// A negation reads what is certain where it must read what is possible, and the other way.
    WrongBound,
    /// Of matching rows the last decides, not the first.
    LastMatch,
    /// A row that is overridden no longer overrides others.
    OutRowsAreWeak,
    /// The first value met is kept, not the best.
    FirstKept,
    /// One lens fewer is enough.
    OneFewer,
    /// The last branch of an `or` is forgotten.
    LostBranch,
    /// A thing is also taken for one of every kind.
    AnyKind,
    /// That rows possibly clash is not seen.
    NoClash,
    /// Of lenses that are asked only settled answers count.
    SettledOnly,
    /// That the least or the greatest of nothing is nothing is forgotten.
    SureExtreme,
    /// Rows left are taken to be barren in which something was found.
    FalseBarren,
    /// What is found of one word of the subjects is taken for what is found of their first word.
    OtherWord,
    /// What is found for some ids of the outer words is taken for what is found for all of them.
    ToldOfOthers,
    /// That a value may be missing where a sentence names a constant is forgotten.
    NeverMissing,
}

impl Bug {
    /// All of them.
    pub const ALL: [Bug; 17] = [
        Bug::LostDelta,
        Bug::NoUnless,
        Bug::WeakLess,
        Bug::WrongBound,
        Bug::LastMatch,
        Bug::OutRowsAreWeak,
        Bug::FirstKept,
        Bug::OneFewer,
        Bug::LostBranch,
        Bug::AnyKind,
        Bug::NoClash,
        Bug::SettledOnly,
        Bug::SureExtreme,
        Bug::FalseBarren,
        Bug::OtherWord,
        Bug::ToldOfOthers,
        Bug::NeverMissing,
    ];
}

#[cfg(feature = "planted-bugs")]
std::thread_local! {
    static PLANTED: std::cell::Cell<u8> = const { std::cell::Cell::new(0) };
    static EAGER: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// On this thread, whether what pays only with much to go through is done with however little.
#[cfg(feature = "planted-bugs")]
pub fn eager(eager: bool) {
    EAGER.with(|own| own.set(eager));
}

/// Switches a bug on for this thread, or all off.
#[cfg(feature = "planted-bugs")]
pub fn plant(bug: Option<Bug>) {
    PLANTED.with(|planted| planted.set(bug.map_or(0, |bug| bug as u8)));
}

/// Whether a bug is switched on.
#[cfg(feature = "planted-bugs")]
pub(crate) fn planted(bug: Bug) -> bool {
    PLANTED.with(|planted| planted.get() == bug as u8)
}

/// Whether a bug is switched on: never, without the feature.
#[cfg(not(feature = "planted-bugs"))]
#[inline]
pub(crate) const fn planted(_: Bug) -> bool {
    false
}

/// How much there must be for something to pay: what is given, or nothing where everything is to be tried.
#[cfg(feature = "planted-bugs")]
pub(crate) fn pays_from<N: Default>(much: N) -> N {
    if EAGER.with(std::cell::Cell::get) { N::default() } else { much }
}

/// How much there must be for something to pay: what is given, without the feature.
#[cfg(not(feature = "planted-bugs"))]
#[inline]
pub(crate) const fn pays_from<N: Copy>(much: N) -> N {
    much
}
