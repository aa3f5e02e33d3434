//! The article before a noun.

/// Beginnings with a vowel that is spoken as a consonant.
const SPOKEN: [&str; 10] = ["unic", "unif", "unio", "uniq", "unit", "univ", "use", "usu", "eu", "one"];

/// `an` before a noun that begins with the sound of a vowel, `a` before others.
pub fn article(noun: &str) -> &'static str {
    let lower = noun.to_lowercase();
    let is_vowel =
        lower.starts_with(['a', 'e', 'i', 'o', 'u']) && !SPOKEN.iter().any(|head| lower.starts_with(head));
    if is_vowel { "an" } else { "a" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nouns_have_their_articles() {
        for (noun, expected) in [
            ("Unit", "a"),
            ("Uninsured", "an"),
            ("User", "a"),
            ("Order", "an"),
            ("one-off", "a"),
            ("Euro", "a"),
            ("Urn", "an"),
            ("Person", "a"),
            ("", "a"),
        ] {
            assert_eq!(article(noun), expected, "{noun}");
        }
    }
}
