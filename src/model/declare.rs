//! Everything that has a name: kinds, relations, parameters, questions, lenses, constraints, panels
//! and scenarios are entered before any body is looked at, so that order in the text is free.

use std::collections::{HashMap, HashSet};

use super::ir::{
    Clause, Cond, Domain, DomainId, Kind, KindId, Lens, LensId, Never, Otherwise, Panel, Parameter, Policy,
    Question, QuestionId, Reading, ReadingPart, Scenario, Slot, Statements, Ty, Verdict,
};
use super::relations::{declare_relation, declare_slots};
use super::resolver::Resolver;
use crate::base::{FileId, Idx, IndexVec, Span};
use crate::diag::{Code, Diagnostic, Fix};
use crate::syntax::ast::{self, Ast, Item, ItemKind, QuestionPart, Word};
use crate::value::ValueKind;

/// The language version this build reads.
const LANGUAGE: &str = "1";

/// Enters all declarations of all files.
pub(super) fn declare(resolver: &mut Resolver<'_>, files: &[(FileId, Ast)]) {
    let items: Vec<&Item> = files.iter().flat_map(|(_, ast)| &ast.items).collect();
    head(resolver, files);
    kinds(resolver, &items);
    for item in &items {
        match &item.kind {
            ItemKind::Relation(relation) => declare_relation(resolver, relation, item.span),
            ItemKind::Parameter(parameter) => declare_parameter(resolver, parameter, item.span),
            _ => {}
        }
    }
    for item in &items {
        if let ItemKind::Question(question) = &item.kind {
            declare_question(resolver, question, item.span);
        }
    }
    for item in &items {
        match &item.kind {
            ItemKind::Lens(lens) => declare_lens(resolver, lens, item.span),
            ItemKind::Never(never) => declare_never(resolver, never, item.span),
            ItemKind::Scenario(scenario) => declare_scenario(resolver, scenario, item.span),
            _ => {}
        }
    }
    for item in &items {
        match &item.kind {
            ItemKind::Panel(panel) => declare_panel(resolver, panel, item.span),
            ItemKind::Repeat(repeat) => resolver.declare_repeat(repeat, item.span),
            _ => {}
        }
    }
}

/// `ruleset` and `language` stand in one file of the ruleset.
fn head(resolver: &mut Resolver<'_>, files: &[(FileId, Ast)]) {
    let mut title: Option<Span> = None;
    let mut language: Option<Span> = None;
    for item in files.iter().flat_map(|(_, ast)| &ast.items) {
        match &item.kind {
            ItemKind::Ruleset(word) => {
                if let Some(first) = title {
                    resolver.report_duplicate("the ruleset", word, first);
                } else {
                    resolver.out.title.clone_from(&word.text);
                    title = Some(item.span);
                }
            }
            ItemKind::Language(word) => {
                if let Some(first) = language {
                    resolver.report_duplicate("the language", word, first);
                } else if word.text != LANGUAGE {
                    resolver.report(
                        Diagnostic::new(
                            Code::LanguageVersion,
                            format!("language {} is not known", word.text),
                        )
                        .at(word.span, "this version is not known here")
                        .help("this version of Parallax reads `language 1`")
                        .fix(Fix::replace("write `1`", word.span, LANGUAGE, false)),
                    );
                }
                language = Some(item.span);
            }
            _ => {}
        }
    }
    let first_file = files.first().map(|(file, _)| Span::new(*file, 0, 0));
    if let (None, Some(place)) = (language, first_file)
        && !resolver.broken.any()
    {
        resolver.report(
            Diagnostic::new(
                Code::LanguageVersion,
                "no file of the ruleset says which language it is written in",
            )
            .at(place, "one file must say it")
            .help("add the line `language 1`")
            .fix(Fix::replace("add `language 1`", place, "language 1\n", true)),
        );
    }
}

fn kinds(resolver: &mut Resolver<'_>, items: &[&Item]) {
    let mut parents: Vec<Option<&Word>> = Vec::new();
    for item in items {
        let ItemKind::Kind { name, parent, .. } = &item.kind else { continue };
        if ValueKind::find(&name.text).is_some() {
            resolver.report(
                Diagnostic::new(Code::Duplicate, format!("`{}` is a built-in kind", name.text))
                    .at(name.span, "already there")
                    .help("`Number`, `Text`, `Date` and `Flag` need no declaration; choose another name"),
            );
            continue;
        }
        if let Some(first) = resolver.kinds.get(&name.text) {
            let first = resolver.out.kinds[first].span;
            resolver.report_duplicate("the kind", name, first);
            continue;
        }
        let place = KindId::from_usize(resolver.out.kinds.len());
        let kind =
            Kind { name: name.text.clone(), parent: None, root: place, domain: DomainId(0), span: name.span };
        let id = resolver.out.kinds.push(kind);
        resolver.kinds.insert(&name.text, id);
        parents.push(parent.as_ref());
    }
    for (at, parent) in parents.into_iter().enumerate() {
        let id = KindId::from_usize(at);
        let Some(parent) = parent else { continue };
        if ValueKind::find(&parent.text).is_some() {
            resolver.report(
                Diagnostic::new(Code::KindMismatch, format!("things cannot be a part of `{}`", parent.text))
                    .at(parent.span, "this is a kind of value")
                    .help("leave the parent out, or name a kind of thing"),
            );
        } else if let Some(parent) = resolver.find_kind(parent) {
            resolver.out.kinds[id].parent = Some(parent);
        }
    }
    break_kind_loops(resolver);
    number_domains(resolver);
}

/// Finds each kind's root; takes a parent away where parents lead back to the kind.
fn break_kind_loops(resolver: &mut Resolver<'_>) {
    let mut roots: Vec<Option<KindId>> = vec![None; resolver.out.kinds.len()];
    for start in resolver.out.kinds.ids() {
        let mut way = vec![start];
        let mut on_way: HashSet<KindId> = HashSet::from([start]);
        let root = loop {
            let at = way[way.len() - 1];
            if let Some(root) = roots[at.index()] {
                break root;
            }
            match resolver.out.kinds[at].parent {
                None => break at,
                Some(parent) if on_way.insert(parent) => way.push(parent),
                Some(parent) => {
                    let kind = &mut resolver.out.kinds[parent];
                    kind.parent = None;
                    let diagnostic =
                        Diagnostic::new(Code::KindLoop, format!("`{}` is a part of itself", kind.name))
                            .at(kind.span, "its parents lead back to it")
                            .help("take the parent away from one of the kinds of the loop");
                    resolver.report(diagnostic);
                    break parent;
                }
            }
        };
        for kind in way {
            roots[kind.index()] = Some(root);
        }
    }
    for (kind, root) in resolver.out.kinds.iter_mut().zip(roots) {
        kind.root = root.unwrap_or(kind.root);
    }
}

fn number_domains(resolver: &mut Resolver<'_>) {
    let roots: Vec<KindId> = resolver
        .out
        .kinds
        .iter_enumerated()
        .filter(|(id, kind)| kind.root == *id)
        .map(|(id, _)| id)
        .collect();
    let domains: IndexVec<DomainId, Domain> = roots
        .iter()
        .map(|root| Domain::Things(*root))
        .chain(ValueKind::ALL.into_iter().map(Domain::Values))
        .collect();
    let places: HashMap<KindId, DomainId> =
        roots.into_iter().enumerate().map(|(at, root)| (root, DomainId::from_usize(at))).collect();
    for kind in &mut resolver.out.kinds {
        kind.domain = places[&kind.root];
    }
    resolver.out.domains = domains;
}

fn declare_parameter(resolver: &mut Resolver<'_>, parameter: &ast::Parameter, span: Span) {
    let name = &parameter.name;
    if name.text == "today" {
        resolver.report(
            Diagnostic::new(Code::Duplicate, "`today` needs no declaration")
                .at(name.span, "already there")
                .help("delete this line; give the day with `--set today=…` or `given today = …`"),
        );
        return;
    }
    if let Some(first) = resolver.parameters.get(&name.text) {
        let first = resolver.out.parameters[first].span;
        resolver.report_duplicate("the parameter", name, first);
        return;
    }
    let Some(kind) = ValueKind::find(&parameter.kind.text) else {
        resolver.broken.parameters = true;
        resolver.report(
            Diagnostic::new(Code::UnknownKind, format!("`{}` is no kind of value", parameter.kind.text))
                .at(parameter.kind.span, "a parameter holds a value")
                .help("write `Number`, `Text`, `Date` or `Flag`"),
        );
        return;
    };
    let value = parameter.value.as_ref().and_then(|term| resolver.value_of(term, kind));
    let text = parameter.text.as_ref().map(|text| text.text.clone());
    let id = resolver.out.parameters.push(Parameter { name: name.text.clone(), kind, value, text, span });
    resolver.parameters.insert(&name.text, id);
}

/// Words an outcome is called by, so no verdict may be.
const RESERVED_OUTCOMES: [&str; 3] = ["unknown", "conflict", "none"];

fn declare_question(resolver: &mut Resolver<'_>, question: &ast::Question, span: Span) {
    let slots = question.parts.iter().filter_map(|part| match part {
        QuestionPart::Slot(slot) => Some(slot),
        QuestionPart::Word(_) | QuestionPart::Verdicts(_) => None,
    });
    let declared = declare_slots(resolver, slots);
    let verdicts = question.parts.iter().find_map(|part| match part {
        QuestionPart::Verdicts(words) => Some(words.as_slice()),
        QuestionPart::Word(_) | QuestionPart::Slot(_) => None,
    });
    let (Some(slots), Some(words)) = (declared, verdicts) else {
        resolver.broken.questions = true;
        if verdicts.is_none() {
            resolver.report(
                Diagnostic::new(Code::BadQuestion, "the question names no verdicts")
                    .at(span, "verdicts are missing")
                    .help(
                        "separate them by `|`, as in `Party is customer | partner | other of Organisation`",
                    ),
            );
        }
        return;
    };
    if !sound_verdicts(resolver, words) || !sound_subject(resolver, &slots, span) {
        resolver.broken.questions = true;
        return;
    }
    let mut next_slot = 0;
    let parts = question
        .parts
        .iter()
        .map(|part| match part {
            QuestionPart::Word(word) => ReadingPart::Word(word.text.clone()),
            QuestionPart::Verdicts(_) => ReadingPart::Verdict,
            QuestionPart::Slot(_) => {
                next_slot += 1;
                ReadingPart::Slot(next_slot - 1)
            }
        })
        .collect();
    let name = &words[0];
    if let Some(first) = resolver.questions.get(&name.text) {
        let first = resolver.out.questions[first].span;
        resolver.report_duplicate("the question", name, first);
        return;
    }
    let id = resolver.out.questions.push(Question {
        name: name.text.clone(),
        reading: Reading { parts, span },
        slots,
        verdicts: words.iter().map(|word| Verdict { name: word.text.clone(), span: word.span }).collect(),
        among: None,
        text: question.text.as_ref().map(|text| text.text.clone()),
        span,
    });
    resolver.questions.insert(&name.text, id);
}

fn sound_verdicts(resolver: &mut Resolver<'_>, words: &[Word]) -> bool {
    let mut sound = !words.is_empty();
    for (at, word) in words.iter().enumerate() {
        if RESERVED_OUTCOMES.contains(&word.text.as_str()) {
            sound = false;
            resolver.report(
                Diagnostic::new(Code::BadQuestion, format!("a verdict cannot be called `{}`", word.text))
                    .at(word.span, "this word has a meaning of its own")
                    .help("`unknown`, `conflict` and `none` are outcomes of every question; choose another word"),
            );
        }
        if let Some(first) = words[..at].iter().find(|first| first.text == word.text) {
            sound = false;
            resolver.report_duplicate("the verdict", word, first.span);
        }
    }
    if let Some(word) = words.get(crate::model::MOST_VERDICTS) {
        sound = false;
        resolver.report(
            Diagnostic::new(
                Code::TooMany,
                format!("a question has at most {} verdicts", crate::model::MOST_VERDICTS),
            )
            .at(word.span, "one too many")
            .help("join verdicts that need no telling apart"),
        );
    }
    sound
}

fn sound_subject(resolver: &mut Resolver<'_>, slots: &[Slot], span: Span) -> bool {
    let values = slots.iter().find(|slot| matches!(slot.ty, Ty::Value(_)));
    if let Some(slot) = values {
        resolver.report(
            Diagnostic::new(
                Code::BadQuestion,
                format!("`{}` is a value and cannot be asked about", slot.name),
            )
            .at(span, "a question is about things")
            .help("use a kind declared with `kind`"),
        );
    } else if slots.is_empty() {
        resolver.report(
            Diagnostic::new(Code::BadQuestion, "the question asks about nothing")
                .at(span, "no kind is named")
                .help("name who is classified, as in `question Flight is delayed | punctual`"),
        );
    }
    values.is_none() && !slots.is_empty()
}

fn declare_lens(resolver: &mut Resolver<'_>, lens: &ast::Lens, span: Span) {
    let name = &lens.name;
    if let Some(first) = resolver.lenses.get(&name.text) {
        let first = resolver.out.lenses[first].span;
        resolver.report_duplicate("the lens", name, first);
        return;
    }
    let Some(question) = question_of(resolver, lens) else {
        resolver.broken.lenses = true;
        return;
    };
    let id = resolver.out.lenses.push(Lens {
        name: name.text.clone(),
        title: lens.title.as_ref().map(|title| title.text.clone()),
        cites: Vec::new(),
        question,
        policy: Policy::Unique { overrides: Vec::new() },
        rows: IndexVec::new(),
        otherwise: Otherwise::Nothing,
        span,
    });
    resolver.lenses.insert(&name.text, id);
}

fn question_of(resolver: &mut Resolver<'_>, lens: &ast::Lens) -> Option<QuestionId> {
    if let Some(answers) = &lens.answers {
        let found = resolver.questions.get(&answers.text);
        if found.is_none() && !resolver.broken.questions {
            let near = resolver.questions.nearest(&answers.text).map(str::to_owned);
            let declare = "a question is called by its first verdict";
            resolver.report_unknown(Code::UnknownName, "question", answers, near.as_deref(), declare);
        }
        return found;
    }
    let mut all = resolver.out.questions.ids();
    match (all.next(), all.next()) {
        (Some(only), None) => Some(only),
        (Some(_), Some(_)) => {
            let choices: Vec<String> = resolver
                .out
                .questions
                .iter()
                .map(|question| format!("`answers {}`", question.name))
                .collect();
            resolver.report(
                Diagnostic::new(
                    Code::BadQuestion,
                    format!("it is not said which question `{}` answers", lens.name.text),
                )
                .at(lens.name.span, "there are several questions")
                .help(format!("after the lens's name write {}", choices.join(" or "))),
            );
            None
        }
        (None, _) => {
            if !resolver.broken.questions {
                resolver.report(
                    Diagnostic::new(
                        Code::BadQuestion,
                        format!("there is no question for `{}` to answer", lens.name.text),
                    )
                    .at(lens.name.span, "answers nothing")
                    .help("declare one, as in `question Party is customer | other of Organisation`"),
                );
                // One message serves for all lenses.
                resolver.broken.questions = true;
            }
            None
        }
    }
}

fn declare_never(resolver: &mut Resolver<'_>, never: &ast::Never, span: Span) {
    if let Some(first) = resolver.nevers.get(&never.name.text) {
        let first = resolver.out.nevers[first].span;
        resolver.report_duplicate("the constraint", &never.name, first);
        return;
    }
    let clause = Clause { vars: IndexVec::new(), when: Cond::And(Vec::new()), unless: None };
    let title = never.title.as_ref().map(|title| title.text.clone());
    let id = resolver.out.nevers.push(Never { name: never.name.text.clone(), title, clause, span });
    resolver.nevers.insert(&never.name.text, id);
}

fn declare_scenario(resolver: &mut Resolver<'_>, scenario: &ast::Scenario, span: Span) {
    if let Some(first) = resolver.scenarios.get(&scenario.name.text) {
        let first = resolver.out.scenarios[first].span;
        resolver.report_duplicate("the scenario", &scenario.name, first);
        return;
    }
    let id = resolver.out.scenarios.push(Scenario {
        name: scenario.name.text.clone(),
        title: scenario.title.as_ref().map(|title| title.text.clone()),
        statements: Statements::default(),
        given: Vec::new(),
        expectations: Vec::new(),
        span,
    });
    resolver.scenarios.insert(&scenario.name.text, id);
}

fn declare_panel(resolver: &mut Resolver<'_>, panel: &ast::Panel, span: Span) {
    if let Some(first) = resolver.panels.get(&panel.name.text) {
        let first = resolver.out.panels[first].span;
        resolver.report_duplicate("the panel", &panel.name, first);
        return;
    }
    let mut lenses: Vec<LensId> = Vec::new();
    for name in &panel.lenses {
        let Some(lens) = resolver.find_lens(name) else { continue };
        if lenses.contains(&lens) {
            resolver.report_duplicate("in this panel the lens", name, panel.name.span);
        } else {
            lenses.push(lens);
        }
    }
    let title = panel.title.as_ref().map(|title| title.text.clone());
    let id = resolver.out.panels.push(Panel { name: panel.name.text.clone(), title, lenses, span });
    resolver.panels.insert(&panel.name.text, id);
}
