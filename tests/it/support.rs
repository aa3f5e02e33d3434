//! Rulesets from texts, without a file system.

use std::path::Path;

use parallax::diag::Diagnostic;
use parallax::model::{LensId, Ruleset};
use parallax::session::{Options, Session};
pub use parallax::source::Memory;
use parallax::verdict::Evaluation;

/// The one-file ruleset of a text; `language 1` is added where it is missing.
pub fn memory(text: &str) -> Memory {
    let head = if text.contains("language") { "" } else { "language 1\n" };
    Memory::default().with("rules/main.lens", format!("{head}{text}"))
}

/// Everything said about a ruleset.
pub fn diagnostics(files: &Memory) -> Vec<Diagnostic> {
    Session::open(files, Path::new("rules")).expect("the folder is there").diagnostics()
}

/// Evaluates a sound ruleset and hands the result on.
pub fn evaluated<T>(text: &str, then: impl FnOnce(&Ruleset, &Evaluation) -> T) -> T {
    let files = memory(text);
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let Some(ruleset) = session.ruleset() else {
        let messages: Vec<String> = session
            .diagnostics()
            .iter()
            .map(|d| format!("{} {} {:?}", d.code.name(), d.message, d.help))
            .collect();
        unreachable!("the ruleset is sound: {messages:#?}\n{text}");
    };
    let (evaluation, _) = session.evaluate(ruleset, &Options::default()).expect("it can be evaluated");
    then(ruleset, &evaluation)
}

/// What every lens says of every subject, as sorted lines `names: lens=outcome …`.
pub fn grid(ruleset: &Ruleset, evaluation: &Evaluation) -> Vec<String> {
    let mut lines = Vec::new();
    for (question, table) in evaluation.tables.iter_enumerated() {
        let slots = &ruleset.questions[question].slots;
        for place in 0..table.len() {
            let names: Vec<String> = slots
                .iter()
                .zip(&table.subjects)
                .map(|(slot, column)| {
                    evaluation.dictionaries[ruleset.domain_of(slot.ty)].show(column[place]).into_owned()
                })
                .collect();
            let lenses: Vec<LensId> = ruleset.lenses_of(question).collect();
            let says: Vec<String> = lenses
                .iter()
                .map(|lens| {
                    let column = table.column(*lens).expect("every lens has a column");
                    let open = table.outcome(column, place);
                    let outcome = parallax::guard::show_outcomes(ruleset, question, open);
                    format!("{}={outcome}", ruleset.lenses[*lens].name)
                })
                .collect();
            let perhaps = if table.perhaps.contains(place) { " perhaps" } else { "" };
            lines.push(format!("{}:{perhaps} {}", names.join(", "), says.join(" ")));
        }
    }
    lines.sort();
    lines
}

/// Numbers that look random and are the same each time.
pub fn numbers() -> impl FnMut(u32) -> u32 {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as u32 % below
    }
}
