//! Near names: a guess is made only when it is near.

use std::borrow::Borrow;

/// The candidate nearest to `wanted` by edits and swaps, if its distance is at most a third of the
/// length of `wanted`; ties go to the first.
pub fn nearest<'a, S: Borrow<str> + ?Sized + 'a>(
    wanted: &str,
    candidates: impl IntoIterator<Item = &'a S>,
) -> Option<&'a str> {
    let limit = (wanted.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(Borrow::borrow)
        .filter(|candidate| candidate.len().abs_diff(wanted.len()) <= 4 * limit && *candidate != wanted)
        .map(|candidate| (strsim::osa_distance(wanted, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= limit && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
