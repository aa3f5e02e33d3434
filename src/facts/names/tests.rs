//! Texts and their ids, however they are found.

use super::*;

#[test]
fn ids_are_the_same_with_slots_and_without() {
    let text = |at: usize| format!("name {}", at % 70_001);
    let mut names = Names::new();
    let ids: Vec<u32> = (0..80_000).map(|at| names.intern(&text(at))).collect();
    names.forget_finder();
    assert_eq!(names.find("name 7"), Some(ids[7]));
    // The first look-ups go through all texts, later ones build slots.
    for (at, id) in ids.iter().enumerate().take(20) {
        assert_eq!(names.intern(&text(at)), *id);
    }
    assert_eq!(names.intern("new"), 70_001);
    let mut other = Names::new();
    ["name 5", "nobody", ""].into_iter().for_each(|text| _ = other.intern(text));
    let mut found = Vec::new();
    names.find_all(&other, 0..3, &mut found);
    assert_eq!(found, [ids[5], NOWHERE, NOWHERE]);
}

#[test]
fn texts_stay_as_they_are() {
    let texts = [
        "",
        "a",
        "a\0",
        "a\0b",
        "\0",
        "12345678",
        "1234567\0",
        "123456789",
        "ÿÿÿÿ",
        "\u{10FFFF}abc",
        "a much longer text",
        "\u{FFFF}\u{FFFF}\u{FF}",
    ];
    let mut names = Names::new();
    for text in texts {
        let id = names.intern(text);
        assert_eq!((names.get(id), names.find(text)), (text, Some(id)));
    }
    assert_eq!(names.len(), texts.len());
    let (text, ends) = names.parts();
    let again = Names::from_parts(std::str::from_utf8(&text).expect("texts"), &ends);
    for (id, text) in (0..).zip(texts) {
        assert_eq!((again.get(id), again.find(text), names.intern(text)), (text, Some(id), id));
    }
}

#[test]
fn numbers_are_interned_among_none_and_some() {
    for mut names in [Names::new(), Names::from_parts("7xone2000", &[1, 2, 5, 9])] {
        let before: Vec<String> = (0..names.len() as u32).map(|id| names.get(id).to_owned()).collect();
        let ids = names.intern_numbers(1_234);
        let again: Vec<&str> = ids.iter().map(|id| names.get(*id)).collect();
        assert_eq!(again, (1..=1_234).map(|number| number.to_string()).collect::<Vec<_>>());
        assert_eq!(names.find("1234"), Some(ids[1_233]));
        // Of those there were before, only the seven is met again.
        assert_eq!(names.len(), 1_234 + before.iter().filter(|name| *name != "7").count());
    }
}

/// Names that are numbered somewhere within must not share their slots.
#[test]
fn names_with_numbers_are_spread() {
    let mut names = Names::new();
    (0..100_000).for_each(|at| _ = names.intern(&format!("P{at:06}x")));
    assert!(names.finder.numbered.is_empty());
    assert!(names.finder.slots.begun().iter().all(|count| *count < 10));
}

/// Ids are those in the order of coming, however texts are found: ascending, descending, shuffled numbers, with
/// and without zeros before them, close together and far apart, and others between them.
#[test]
fn numbered_names_are_found_by_their_numbers() {
    let of = |shape: u32, at: u32| match shape {
        0 => format!("l{at:08}"),
        1 => format!("u{at}"),
        2 => format!("p{:07}", 300_000 - at),
        3 => format!("{}", at.wrapping_mul(7919) % 20_011 + 5),
        4 => format!("x{:06}", at.wrapping_mul(7919) % 900_001),
        5 => format!("order-{:09}", at / 3 * 2),
        6 => format!("{}{}", ["P", "G", "P0", "", "longer than eight "][at as usize % 5], at % 9001),
        7 => format!("k{}", if at % 1000 == 7 { at * 4000 } else { at }),
        _ => format!("n{}{at}", if at.is_multiple_of(7) { "o" } else { "" }),
    };
    for shape in 0..9 {
        let mut names = Names::new();
        let mut known: std::collections::HashMap<String, u32> = std::collections::HashMap::new();
        for at in 0..20_000_u32 {
            let text = of(shape, at);
            let next = known.len() as u32;
            let id = *known.entry(text.clone()).or_insert(next);
            assert_eq!(names.intern(&text), id, "{text}");
            if at % 5 == 0 {
                let mut sought = [names.seek(text.as_bytes()), names.seek(b"new")];
                names.look(&mut sought);
                assert_eq!(names.resolve(sought[0], text.as_bytes()), id, "{text}");
                assert_eq!(names.find("new"), None);
            }
        }
        assert_eq!(names.finder.numbered.is_empty(), shape == 4, "{shape}");
        for other in [names.clone(), {
            let mut other = names.clone();
            other.forget_finder();
            other.build_finder();
            other
        }] {
            let mut found = Vec::new();
            other.find_all(&names, 0..names.len() as u32, &mut found);
            assert!(found.iter().copied().eq(0..names.len() as u32), "{shape}");
            assert_eq!((other.find("u"), other.find("l99999999"), other.find("")), (None, None, None));
        }
    }
}
