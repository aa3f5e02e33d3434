//! What is said of mistakes, rendered as people see it.

use parallax::diag::render::{Format, RenderOptions, render};
use std::path::Path;

use crate::support::memory;

fn rendered(text: &str) -> String {
    let files = memory(text);
    let session = parallax::session::Session::open(&files, Path::new("rules")).expect("the folder is there");
    let options = RenderOptions { format: Format::Graphic, ..RenderOptions::default() };
    render(&session.diagnostics(), session.sources(), &options)
}

/// Every page's wrong example, as a person meets it.
#[test]
fn each_wrong_example_is_explained() {
    for entry in parallax::diag::TABLE {
        let page = parallax::diag::page(entry.code);
        let Some(start) = page.find("```lens wrong\n") else { continue };
        let body = &page[start + 14..];
        let text = &body[..body.find("```").expect("the block ends")];
        insta::assert_snapshot!(entry.name, rendered(text));
    }
}

#[test]
fn all_errors_of_all_places_are_found_in_one_pass() {
    let text = "kind Party\nkind Part\u{e9}e: Nobody\nrelation Party uses\nrelation Party likes Partty\nlens a {\n  row customer\n}\nfacts {\n  ada likes\n";
    let codes: Vec<&str> =
        crate::support::diagnostics(&memory(text)).iter().map(|diagnostic| diagnostic.code.name()).collect();
    assert!(codes.contains(&"PX0202") && codes.contains(&"PX0101") && codes.contains(&"PX0103"), "{codes:?}");
}

/// A word that nothing names is one mistake, however often it is used.
#[test]
fn a_word_that_nothing_names_is_told_once() {
    let text = "language 1\nkind Person\nrelation Person owes Number\nquestion Person is debtor | other\n  among person owes any sum\nlens a {\n  row: debtor when count(n: person owes n and m > 3 and m < 9) > 2\n  rich: debtor when person owes any j unless person owes k and k > 5\n  otherwise other\n}\nfacts {\n  ada owes 5\n}\n";
    let found: Vec<String> = crate::support::diagnostics(&memory(text))
        .into_iter()
        .map(|diagnostic| format!("{} {}", diagnostic.code.name(), diagnostic.message))
        .collect();
    let fresh: Vec<&String> = found.iter().filter(|said| said.contains("nothing names")).collect();
    assert_eq!(fresh.len(), 2, "{found:?}");
}

/// What a body names is not known where its brackets are missing: that is said, and nothing that follows from it.
#[test]
fn what_two_sentences_could_both_read_is_shown() {
    let text = rendered(
        "language 1\nkind User\nkind Plan\nrelation User has address Text\nrelation Plan has Number seats\n",
    );
    assert!(text.contains("`… has address seats` could be either"), "{text}");
    assert!(!text.contains("same words"), "{text}");
}

#[test]
fn a_body_that_cannot_be_read_leaves_its_conclusion_alone() {
    let text =
        "kind A\nrelation A likes other: A\ndefine a likes c\n  when a likes b and b likes c or c likes a\n";
    let codes: Vec<&str> =
        crate::support::diagnostics(&memory(text)).iter().map(|diagnostic| diagnostic.code.name()).collect();
    assert_eq!(codes, ["PX0404"]);
}

/// Mistakes that no single text shows: in files, tables and what they lead to.
#[test]
fn mistakes_in_files_and_data_are_explained() {
    use crate::support::Memory;
    use parallax::engine::Limits;
    use parallax::session::{Options, Session};

    const RULES: &str = "language 1\nkind Place\nrelation from: Place leads to Place\nrelation Place has Number people\nrelation Place is open since Date\nrelation Place counts Number\ndefine place counts n\n  when place has a people and n = 10 / a\nquestion Place is big | small\n  among place has any people people\nlens a {\n  many: big when place has n people and n > 5\n  otherwise small\n}\n";
    let table = |block: &str, csv: &[u8]| {
        let rules = format!("{RULES}from \"t.csv\" {{\n{block}\n}}\n");
        Memory::default().with("rules/main.lens", rules).with("rules/t.csv", csv.to_vec())
    };
    let block = "  name has people people";
    let loops = "kind P\nrelation a: P leads to b: P\nrelation a: P reaches b: P\ndefine x reaches y\n  when x leads to y\ndefine x reaches y\n  when x reaches z and z leads to y\nfacts {\n  a leads to b\n  b leads to c\n  c leads to d\n}\n";
    let none = Limits::default();
    let cases: Vec<(&str, Memory, Limits)> = vec![
        ("PX0107", memory("kind Party\u{7}\n"), none.clone()),
        (
            "PX0108",
            Memory::default().with("rules/main.lens", b"language 1\nkind Caf\xe9\n".to_vec()),
            none.clone(),
        ),
        ("PX0205", table(block, b"name,poeple\nx,1\n"), none.clone()),
        ("PX0210", memory("use \"vocabluary.lens\"\n").with("rules/vocabulary.lens", ""), none.clone()),
        ("PX0211", memory("use \"b.lens\"\n").with("rules/b.lens", "use \"main.lens\"\n"), none.clone()),
        ("PX0215", table("  upper(name) has people people", b"name,people\nx,1\n"), none.clone()),
        ("PX0602", table(block, b"name,people\nx,1\ny,1 000\nz,many\n"), none.clone()),
        ("PX0603", table(block, b"name,people\nx,1\ny,1,000\n"), none.clone()),
        ("PX0604", memory(&format!("{RULES}from \"none.csv\" {{\n{block}\n}}\n")), none.clone()),
        ("PX0605", memory("use \"../../secret.lens\"\n").with("secret.lens", "kind Secret\n"), none.clone()),
        (
            "PX0607",
            memory("kind P\nrelation P weighs Number?\nnever x when any p weighs n and n > 9\nfacts {\n  a weighs 5\n  a weighs 7\n}\n"),
            none.clone(),
        ),
        (
            "PX0608",
            Memory::default()
                .with(
                    "rules/main.lens",
                    "language 1\nkind P\nrelation P pays Number\nnever x when any p pays any n and sum(m for each q m: q pays m) > 2\nfrom \"t.csv\" {\n  who pays much\n}\n",
                )
                .with("rules/t.csv", b"who,much\na,1\nb,2\na,1\n".to_vec()),
            none.clone(),
        ),
        ("PX0610", table(block, b"name,people\nx,0\n"), none.clone()),
        (
            "PX0701",
            memory(&format!("never x when {}a is b{}\n", "(".repeat(70), ")".repeat(70))),
            none.clone(),
        ),
        ("PX0702", memory(&format!("kind {}\n", "a".repeat(2 << 20))), none.clone()),
        (
            "PX0703",
            memory(&format!(
                "kind A\nrelation A sings\nnever x when {}\n",
                vec!["any a sings"; 600].join(" and ")
            )),
            none.clone(),
        ),
        ("PX0704", memory(loops), Limits { facts: 2, ..none.clone() }),
        ("PX0705", memory(loops), Limits { rounds: 1, ..none.clone() }),
        ("PX0706", memory(loops), Limits { time: Some(std::time::Duration::ZERO), ..none }),
    ];
    for (code, files, limits) in cases {
        let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
        let mut found = session.diagnostics();
        if let Some(ruleset) = session.ruleset() {
            let options = Options { limits, ..Options::default() };
            found.extend(session.evaluate(ruleset, &options).err().unwrap_or_default());
        }
        found.retain(parallax::diag::Diagnostic::is_error);
        assert!(found.iter().any(|diagnostic| diagnostic.code.name() == code), "{code}: {found:?}");
        insta::assert_snapshot!(code, render(&found, session.sources(), &RenderOptions::default()));
    }
}

/// One word with `any` in one branch and without in another is one mistake.
#[test]
fn a_word_with_any_and_without_is_told_once() {
    for asked in [
        "any a owns f or a runs f",
        "a owns f or any a runs f",
        "(any a owns f or any a runs f) and a is big",
    ] {
        let text = format!(
            "kind F\nkind A\nrelation A owns F\nrelation A runs F\nrelation A is big\n\
             question F is good | bad\n  among any z owns f\nlens l {{\n  r: good when {asked}\n  otherwise bad\n}}\n\
             lens m {{\n  r: good when any a owns f and a2 is big and a2 runs f\n  otherwise bad\n}}\nfacts {{\n  x owns y\n}}\n"
        );
        let found = crate::support::diagnostics(&memory(&text));
        let codes: Vec<&str> = found.iter().map(|diagnostic| diagnostic.code.name()).collect();
        assert!(!codes.is_empty() && codes.iter().all(|code| *code == "PX0410"), "{asked}: {codes:?}");
    }
}

#[test]
fn where_a_word_gets_its_value_is_shown() {
    let rules = |row: &str| {
        rendered(&format!(
            "language 1\nkind Patient\nkind Lab\nrelation Lab was taken from Patient\nrelation Lab was taken on Date\n\
             relation Lab gave Number\nrelation Patient is here\nquestion Patient is ill | well\n  among patient is here\n\
             lens a {{\n  r: ill when {row}\n  otherwise well\n}}\n"
        ))
    };
    let as_any = rules("lab was taken from patient and lab gave any v and v < 60");
    assert!(
        as_any.contains("write `v` instead of `any v`") && as_any.contains("named here, but as any"),
        "{as_any}"
    );
    let inside =
        rules("patient is here and not (any lab was taken from patient and lab gave any v) and v < 60");
    assert!(inside.contains("no sentence says what `v` is"), "{inside}");
    let later = rules(
        "last = max(d: any l was taken from patient and l was taken on d) and lab was taken from patient and lab was taken on last",
    );
    assert!(
        later.contains("put this behind the sentence") && later.matches("PX0407").count() == 1,
        "{later}"
    );
}

/// A sentence that nothing reads is one mistake: what it may say of a word is not missed besides.
#[test]
fn a_sentence_that_nothing_reads_is_one_mistake() {
    let rules = |body: &str| {
        format!(
            "language 1\nkind Package\nrelation Package is registered\nrelation Package weighs Number kb\n\
             question Package is big | small\n  among package is registered\nlens l {{\n  r: big when {body}\n  otherwise small\n}}\n"
        )
    };
    let codes = |body: &str| -> Vec<&str> {
        let found = crate::support::diagnostics(&memory(&rules(body)));
        found.iter().map(|diagnostic| diagnostic.code.name()).collect()
    };
    assert_eq!(codes("package weighs a and a > 3"), ["PX0201"]);
    assert_eq!(codes("package weighs a kb and a > 3 and 2 < count(p: p weighs b and b > a)"), ["PX0201"]);
    assert_eq!(codes("package weighs a and a > 3 and c < 4"), ["PX0201", "PX0407"]);
    // A relation that cannot be read leaves no second complaint about its words either.
    let broken = rules("package holds c parts and c > 3")
        .replace("weighs Number kb", "weighs Number kb\nrelation Package holds parts");
    let broken: Vec<String> =
        crate::support::diagnostics(&memory(&broken)).into_iter().map(|it| it.message).collect();
    assert!(!broken.iter().any(|message| message.contains("what `c` is")), "{broken:?}");
}

#[test]
fn what_counts_once_is_written_without_commas_and_counts_take_one_word() {
    let rules = |figure: &str| {
        rendered(&format!(
            "language 1\nkind Package\nrelation Package is registered\nrelation Package was fetched Number times in Text\n\
             question Package is big | small\n  among package is registered\nlens l {{\n  r: big when package is registered and {figure}\n  \
             otherwise small\n}}\n"
        ))
    };
    let commas = rules("2 < sum(n for each p, m: p was fetched n times in m)");
    assert!(commas.contains("repair: write `p m`") && commas.matches("PX0").count() == 1, "{commas}");
    let several = rules("2 < count(p m: p was fetched any n times in m)");
    assert!(several.contains("`count` takes one word") && several.contains("sum(1 for each"), "{several}");
    let counted = rules("2 < sum(1 for each p m: p was fetched any n times in m)");
    assert!(counted.is_empty(), "{counted}");
}

/// A comparison of a sentence that lacks its value is answered with one that has it; what has no word in common is no help.
#[test]
fn what_was_meant_is_shown_only_where_it_may_have_been() {
    let text = rendered(
        "language 1\nkind Flight\nkind Airline\nrelation Flight covers Number km\nrelation Airline operates Flight\n\
         question Flight is short | long\n  among airline operates flight\n\
         lens a {\n  s: short when flight covers km < 800\n  otherwise long\n}\nfacts {\n  lh runs x1\n}\n",
    );
    let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(plain.contains("as in `flight covers n km and n < …`"), "{text}");
    assert!(plain.contains("declare it, as in `relation"), "{text}");
    assert!(!plain.contains("did you mean `Airline operates Flight`"), "{text}");
}

#[test]
fn conditions_as_others_write_them_are_shown_as_they_are_written_here() {
    let said = |condition: &str| {
        rendered(&format!(
            "language 1\nkind Person\nrelation Person says Text\nrelation Person left on Date?\nquestion Person is a | b\n  \
             among person says any t\nlens l {{\n  r: a when person says t and person left on d and {condition}\n  \
             otherwise b\n}}\n"
        ))
    };
    for (condition, help) in [
        ("t starts with \"BAR\"", "write `starts-with(t, \"BAR\")`"),
        ("t contains \"BAR\"", "write `contains(t, \"BAR\")`"),
        ("person says ends-with \"x\"", "write `person says t and ends-with(t, \"x\")`"),
        ("d between 2025-01-01 and d < 2026-01-01", "write `d >= 2025-01-01 and d <= …`"),
        ("person does not say \"x\"", "`not` stands before a whole sentence"),
        ("person is not near \"x\"", "as in `not person is near \"x\"`"),
        ("count(p: p says any u where p says any v) > 2", "conditions are joined by `and`"),
        ("d is missing", "write `not known` before the sentence that gives it"),
        ("not known d", "`known` and `not` stand before a whole sentence"),
        ("t in (\"x\", \"y\")", "as in `x is one of \"a\", \"b\"`"),
        ("2026-01-01 - d > 18 years", "is asked as `a <= b - 18 years`"),
    ] {
        // Lines are broken anywhere.
        let told = said(condition).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(help), "{condition}: {told}");
    }
}

#[test]
fn how_functions_and_aggregates_are_called_is_shown() {
    let said = |condition: &str| {
        rendered(&format!(
            "language 1\nkind Person\nrelation Person says Text\nrelation Person paid Number\nquestion Person is a | b\n  \
             among person says any t\nlens l {{\n  r: a when person says t and {condition}\n  otherwise b\n}}\n"
        ))
    };
    let blank = said("starts-with (lower(t), \"x\")");
    assert!(blank.contains("no blank before its bracket: `starts-with(…)`"), "{blank}");
    let greatest = said("max(any person paid m) > 2");
    assert!(greatest.contains("`max` does not say what it is taken of"), "{greatest}");
    assert!(greatest.contains("`max(amount: any payment …)`"), "{greatest}");
    let counted = said("count(other says t) > 2");
    assert!(counted.contains("`count(person: person …)`"), "{counted}");
    let pattern = said("matches(t, \"(ab|c\")");
    assert!(pattern.contains("no regular expression: found open group"), "{pattern}");
}

#[test]
fn a_row_that_only_takes_away_is_told_to_say_when() {
    let told = rendered(
        "language 1\nkind P\nrelation P is tall\nquestion P is a | b\n  among p is tall\nlens x {\n  r: a unless p is tall\n  \
         otherwise b\n}\n",
    );
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("takes away from what `when` says"), "{told}");
}
