//! Names for somebody a change brings in, who has none yet.

use crate::facts::Dictionary;

/// How such names begin, unless somebody has one of them.
pub const NEWCOMER: &str = "somebody-new";

/// So many are told apart: changes of few facts bring in no more.
const MOST: u32 = 16;

/// Names that nobody has: the first, then with numbers from 2 on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Newcomers(String);

impl Newcomers {
    /// Such as are in none of these dictionaries.
    pub fn among<'n>(known: impl Iterator<Item = &'n Dictionary> + Clone) -> Self {
        let mut names = Self(NEWCOMER.to_owned());
        let is_taken = |names: &Self| {
            let all = (0..MOST).map(|place| names.name(place));
            all.into_iter().any(|name| known.clone().any(|known| known.find_name(&name).is_some()))
        };
        while is_taken(&names) {
            names.0.push_str("-here");
        }
        names
    }

    /// The name of the one so many places behind the first.
    #[must_use]
    pub fn name(&self, at: u32) -> String {
        if at == 0 { self.0.clone() } else { format!("{}-{}", self.0, at + 1) }
    }

    /// How many come before the one of this name; nothing of other names.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<u32> {
        let rest = name.strip_prefix(self.0.as_str())?;
        let place = rest.strip_prefix('-').and_then(|place| place.parse::<u32>().ok());
        if rest.is_empty() {
            return Some(0);
        }
        place?.checked_sub(1).filter(|place| (1..MOST).contains(place))
    }
}
