//! Each sort of declaration: from the pairs of its lines to its syntax.

use pest::iterators::Pair;

use super::Rule;
use super::ast::{
    Define, Expect, ExpectKind, FactLine, From, FromLine, FromSource, GridCell, ItemKind, Keeping, Lens,
    LensLine, LensLineKind, Never, Panel, Parameter, Question, QuestionPart, Reading, ReadingPart, Relation,
    Repeat, RepeatRole, Row, Scenario, ScenarioLine, Sentence, Slot, Term, Word,
};
use super::blocks::Block;
use super::lines::{Base, Line, Lines};
use super::split::{Segment, SegmentKind, first_word};
use super::words::word;

const ROW_FORM: &str = "label: verdict \"reason\" when … unless …";

fn words(line: Line<'_>) -> (Base, Vec<Pair<'_, Rule>>) {
    let parts = line.pair.into_inner().filter(|part| part.as_rule() != Rule::EOI).collect();
    (line.base, parts)
}

fn is_name(pair: &Pair<'_, Rule>) -> bool {
    matches!(pair.as_rule(), Rule::word | Rule::string)
}

fn first_text(base: Base, parts: &[Pair<'_, Rule>]) -> Option<Word> {
    parts.iter().find(|part| part.as_rule() == Rule::string).map(|part| word(base, part))
}

fn is_broken(segment: &Segment) -> bool {
    matches!(segment.kind, SegmentKind::Line { broken: true })
}

impl Lines<'_> {
    pub fn headline(&mut self, head: &Segment, rule: Rule, form: &'static str) -> ItemKind {
        let Some(line) = self.parse(head, rule, form) else { return ItemKind::Broken };
        let (base, parts) = words(line);
        let Some(first) = parts.first().map(|part| word(base, part)) else { return ItemKind::Broken };
        match rule {
            Rule::ruleset_line => ItemKind::Ruleset(first),
            Rule::language_line => ItemKind::Language(first),
            _ => ItemKind::Use(first),
        }
    }

    pub fn kind(&mut self, head: &Segment) -> ItemKind {
        let Some(line) = self.parse(head, Rule::kind_line, "kind Organisation: Party") else {
            return ItemKind::Broken;
        };
        let (base, parts) = words(line);
        let text = first_text(base, &parts);
        let mut names = parts.iter().filter(|part| part.as_rule() == Rule::word).map(|part| word(base, part));
        match names.next() {
            Some(name) if name.text.starts_with(char::is_uppercase) => {
                ItemKind::Kind { name, parent: names.next(), text }
            }
            Some(name) => {
                let mut capital = name.text.clone();
                if let Some(first) = name.text.chars().next() {
                    capital = first.to_uppercase().chain(name.text.chars().skip(1)).collect();
                }
                self.report(
                    crate::diag::Diagnostic::new(
                        crate::diag::Code::UnexpectedText,
                        format!("a kind begins with a capital letter, `{}` does not", name.text),
                    )
                    .at(name.span, "a small letter")
                    .help(format!("write `{capital}`"))
                    .fix(crate::diag::Fix::replace(
                        format!("write `{capital}`"),
                        name.span,
                        capital,
                        false,
                    )),
                );
                ItemKind::Broken
            }
            None => ItemKind::Broken,
        }
    }

    pub fn relation(&mut self, head: &Segment) -> ItemKind {
        let form = "relation Organisation makes Offering \"what it means\"";
        let Some(line) = self.parse(head, Rule::relation_line, form) else { return ItemKind::Broken };
        let (base, parts) = words(line);
        let text = first_text(base, &parts);
        let mut relation = Relation { readings: Vec::new(), keeping: None, text };
        for part in parts {
            match part.as_rule() {
                Rule::reading => relation.readings.push(reading(base, part)),
                Rule::also => relation.readings.extend(part.into_inner().map(|inner| reading(base, inner))),
                Rule::keeping => {
                    let span = base.span(&part);
                    let most = part.into_inner().any(|inner| inner.as_rule() == Rule::most);
                    relation.keeping = Some((if most { Keeping::Most } else { Keeping::Fewest }, span));
                }
                _ => {}
            }
        }
        ItemKind::Relation(relation)
    }

    pub fn define(&mut self, head: &Segment) -> ItemKind {
        let form = "define party stands 1 links from organisation when …";
        let Some(line) = self.parse(head, Rule::define_line, form) else { return ItemKind::Broken };
        let span = self.span(head);
        let (base, parts) = words(line);
        let mut conclusion: Option<Sentence> = None;
        let mut bodies = Vec::new();
        for part in parts {
            match part.as_rule() {
                Rule::run => {
                    conclusion = self.pieces(base, part).and_then(|pieces| self.sentence(pieces, span));
                }
                Rule::body => bodies.push(self.body(base, part)),
                _ => {}
            }
        }
        let mut bodies = bodies.into_iter();
        match (conclusion, bodies.next()) {
            (Some(conclusion), Some(when)) => {
                ItemKind::Define(Define { conclusion, when, unless: bodies.next() })
            }
            _ => ItemKind::Broken,
        }
    }

    pub fn question(&mut self, head: &Segment) -> ItemKind {
        let form = "question Party is customer | partner | other of Organisation among …";
        let Some(line) = self.parse(head, Rule::question_line, form) else { return ItemKind::Broken };
        let (base, parts) = words(line);
        let text = first_text(base, &parts);
        let mut question = Question { parts: Vec::new(), text, among: None };
        for part in parts {
            match part.as_rule() {
                Rule::word => question.parts.push(QuestionPart::Word(word(base, &part))),
                Rule::slot => question.parts.extend(slot(base, part).map(QuestionPart::Slot)),
                Rule::verdicts => {
                    let verdicts = part.into_inner().map(|inner| word(base, &inner)).collect();
                    question.parts.push(QuestionPart::Verdicts(verdicts));
                }
                Rule::body => question.among = Some(self.body(base, part)),
                _ => {}
            }
        }
        ItemKind::Question(question)
    }

    pub fn never(&mut self, head: &Segment) -> ItemKind {
        let form = "never NAME \"Title\" when …";
        let Some(line) = self.parse(head, Rule::never_line, form) else { return ItemKind::Broken };
        let (base, parts) = words(line);
        let mut names = parts.iter().filter(|part| is_name(part)).map(|part| word(base, part));
        let (name, title) = (names.next(), names.next());
        let mut bodies = Vec::new();
        for part in parts.into_iter().filter(|part| part.as_rule() == Rule::body) {
            bodies.push(self.body(base, part));
        }
        let mut bodies = bodies.into_iter();
        match (name, bodies.next()) {
            (Some(name), Some(when)) => ItemKind::Never(Never { name, title, when, unless: bodies.next() }),
            _ => ItemKind::Broken,
        }
    }

    pub fn parameter(&mut self, head: &Segment) -> ItemKind {
        let form = "parameter window: Number = 90 \"days\"";
        let Some(line) = self.parse(head, Rule::parameter_line, form) else { return ItemKind::Broken };
        let (base, parts) = words(line);
        let text = first_text(base, &parts);
        let mut names = Vec::new();
        let mut value = None;
        for part in parts {
            match part.as_rule() {
                Rule::word => names.push(word(base, &part)),
                Rule::value => match self.value(base, part) {
                    Some(term) => value = Some(term),
                    None => return ItemKind::Broken,
                },
                _ => {}
            }
        }
        let mut names = names.into_iter();
        match (names.next(), names.next()) {
            (Some(name), Some(kind)) => ItemKind::Parameter(Parameter { name, kind, value, text }),
            _ => ItemKind::Broken,
        }
    }

    pub fn panel(&mut self, head: &Segment) -> ItemKind {
        let form = "panel NAME \"Title\": lens, lens";
        let Some(line) = self.parse(head, Rule::panel_line, form) else { return ItemKind::Broken };
        let (base, parts) = words(line);
        let mut names = parts.iter().filter(|part| is_name(part)).map(|part| word(base, part));
        let (name, title) = (names.next(), names.next());
        let lenses = names_of(base, &parts);
        name.map_or(ItemKind::Broken, |name| ItemKind::Panel(Panel { name, title, lenses }))
    }

    pub fn repeat(&mut self, head: &Segment, keyword: &str) -> ItemKind {
        let (rule, role, form) = match keyword {
            "weight" => (Rule::repeat_line, RepeatRole::Weight, "weight Person stands for Number"),
            "label" => (Rule::repeat_line, RepeatRole::Label, "label Body is called Text"),
            "slice" => (Rule::slice_line, RepeatRole::Slice, "slice state: Person lives in Text"),
            _ => (Rule::repeat_line, RepeatRole::Changeable, "changeable Party uses Offering"),
        };
        let Some(line) = self.parse(head, rule, form) else { return ItemKind::Broken };
        let (base, parts) = words(line);
        let name = parts.iter().find(|part| part.as_rule() == Rule::word).map(|part| word(base, part));
        let repeated = parts.into_iter().find(|part| part.as_rule() == Rule::reading);
        repeated.map_or(ItemKind::Broken, |part| {
            ItemKind::Repeat(Repeat { role, name, reading: reading(base, part) })
        })
    }

    pub fn lens(&mut self, head: &Segment, block: &Block<'_>) -> ItemKind {
        let asks = self.str(head).split_whitespace().any(|word| word == "answers");
        let form = if asks { "lens NAME answers VERDICT \"Title\" {" } else { "lens NAME \"Title\" {" };
        let Some(line) = self.parse(head, Rule::lens_head, form) else {
            return ItemKind::Broken;
        };
        let (base, parts) = words(line);
        let mut parts = parts.into_iter();
        let Some(name) = parts.next().map(|part| word(base, &part)) else { return ItemKind::Broken };
        let (mut answers, mut title) = (None, None);
        for part in parts {
            match part.as_rule() {
                Rule::word => answers = Some(word(base, &part)),
                _ => title = Some(word(base, &part)),
            }
        }
        let lines = block
            .lines
            .iter()
            .map(|segment| {
                let kind = if is_broken(segment) { None } else { self.lens_line(segment) };
                LensLine { kind: kind.unwrap_or(LensLineKind::Broken), span: self.span(segment) }
            })
            .collect();
        ItemKind::Lens(Lens { name, answers, title, lines })
    }

    fn lens_line(&mut self, segment: &Segment) -> Option<LensLineKind> {
        let text = self.str(segment);
        let first = first_word(text);
        let labelled = text[first.len()..].trim_start().starts_with(':');
        if first == "cites" && !labelled {
            let (base, parts) = words(self.parse(segment, Rule::cites_line, "cites \"Author, Title\"")?);
            return first_text(base, &parts).map(LensLineKind::Cites);
        }
        if self.try_parse(segment, Rule::first_match_line).is_some() {
            return Some(LensLineKind::FirstMatch);
        }
        if let Some(line) = self.try_parse(segment, Rule::overrides_line) {
            let (base, parts) = words(line);
            let label = parts.first().map(|part| word(base, part))?;
            return Some(LensLineKind::Overrides { label, others: names_of(base, &parts) });
        }
        if first == "otherwise" {
            if let Some(line) = self.try_parse(segment, Rule::otherwise_as_line) {
                let (base, parts) = words(line);
                return parts.last().map(|part| LensLineKind::OtherwiseAs(word(base, part)));
            }
            let (base, parts) = words(self.parse(segment, Rule::otherwise_line, "otherwise VERDICT")?);
            return parts.last().map(|part| LensLineKind::Otherwise(word(base, part)));
        }
        self.row(segment).map(LensLineKind::Row)
    }

    fn row(&mut self, segment: &Segment) -> Option<Row> {
        let (base, parts) = words(self.parse(segment, Rule::row_line, ROW_FORM)?);
        let (mut label, mut verdict, mut reason) = (None, None, None);
        let mut bodies = Vec::new();
        for part in parts {
            match part.as_rule() {
                Rule::row_label => label = part.into_inner().next().map(|inner| word(base, &inner)),
                Rule::word => verdict = Some(word(base, &part)),
                Rule::string => reason = Some(word(base, &part)),
                Rule::body => bodies.push(self.body(base, part)),
                _ => {}
            }
        }
        let mut bodies = bodies.into_iter();
        Some(Row { label, verdict: verdict?, reason, when: bodies.next()?, unless: bodies.next() })
    }

    pub fn facts(&mut self, head: &Segment, block: &Block<'_>) -> ItemKind {
        if self.parse(head, Rule::facts_head, "facts {").is_none() {
            return ItemKind::Broken;
        }
        let sound = block.lines.iter().filter(|segment| !is_broken(segment));
        let facts: Vec<FactLine> = sound.filter_map(|segment| self.fact(segment)).collect();
        ItemKind::Facts(facts)
    }

    pub fn fact(&mut self, segment: &Segment) -> Option<FactLine> {
        let span = self.span(segment);
        let (base, parts) = words(self.parse(segment, Rule::fact_line, "acme makes widget")?);
        let mut maybe = false;
        let mut sentence = None;
        for part in parts {
            match part.as_rule() {
                Rule::kw_maybe => maybe = true,
                _ => sentence = self.pieces(base, part).and_then(|pieces| self.sentence(pieces, span)),
            }
        }
        Some(FactLine { maybe, sentence: sentence?, span })
    }

    pub fn scenario(&mut self, head: &Segment, block: &Block<'_>) -> ItemKind {
        let Some(line) = self.parse(head, Rule::scenario_head, "scenario NAME \"Title\" {") else {
            return ItemKind::Broken;
        };
        let (base, parts) = words(line);
        let mut names = parts.iter().map(|part| word(base, part));
        let (Some(name), title) = (names.next(), names.next()) else { return ItemKind::Broken };
        let lines = block
            .lines
            .iter()
            .map(|segment| {
                let line = if is_broken(segment) { None } else { self.scenario_line(segment) };
                line.unwrap_or(ScenarioLine::Broken(self.span(segment)))
            })
            .collect();
        ItemKind::Scenario(Scenario { name, title, lines })
    }

    fn scenario_line(&mut self, segment: &Segment) -> Option<ScenarioLine> {
        let span = self.span(segment);
        match first_word(self.str(segment)) {
            "given" => {
                let (base, parts) = words(self.parse(segment, Rule::given_line, "given window = 60")?);
                let mut parts = parts.into_iter();
                let name = word(base, &parts.next()?);
                let value = self.value(base, parts.next()?)?;
                Some(ScenarioLine::Given { name, value, span })
            }
            "expect" => self.expect(segment).map(|kind| ScenarioLine::Expect(Expect { kind, span })),
            _ => self.fact(segment).map(ScenarioLine::Fact),
        }
    }

    fn expect(&mut self, segment: &Segment) -> Option<ExpectKind> {
        let span = self.span(segment);
        if let Some(line) = self.try_parse(segment, Rule::outside_line) {
            let (base, parts) = words(line);
            return self
                .values(base, parts.into_iter().next()?)
                .map(|subject| ExpectKind::Outside { subject });
        }
        if let Some(line) = self.try_parse(segment, Rule::breaks_line) {
            let (base, parts) = words(line);
            let not = parts.iter().any(|part| part.as_rule() == Rule::kw_not);
            return parts.last().map(|part| ExpectKind::Breaks { not, name: word(base, part) });
        }
        if let Some(line) = self.try_parse(segment, Rule::disagree_line) {
            let (base, parts) = words(line);
            let not = parts.iter().any(|part| part.as_rule() == Rule::kw_not);
            let (left, right, subject) = self.disagree(base, parts.into_iter().last()?)?;
            return Some(ExpectKind::Disagree { not, left, right, subject });
        }
        if let Some(line) = self.try_parse(segment, Rule::grid_line) {
            let (base, parts) = words(line);
            let mut parts = parts.into_iter();
            let subject = self.values(base, parts.next()?)?;
            let cells = parts.filter_map(|cell| grid_cell(base, cell)).collect();
            return Some(ExpectKind::Grid { subject, cells });
        }
        let form = "expect client, charity: customer by seybold; unknown by kde";
        let (base, parts) = words(self.parse(segment, Rule::sentence_line, form)?);
        let (mut not, mut sentence, mut lenses, mut by) = (false, None, None, None);
        for part in parts {
            match part.as_rule() {
                Rule::kw_not => not = true,
                Rule::run => {
                    sentence = self.pieces(base, part).and_then(|pieces| self.sentence(pieces, span));
                }
                Rule::according => {
                    let (selection, label) = Self::selection(base, part);
                    lenses = Some(selection);
                    by = label;
                }
                _ => {}
            }
        }
        let sentence = sentence?;
        Some(match lenses {
            Some(lenses) => ExpectKind::Verdict { not, sentence, lenses, by },
            None => ExpectKind::Plain { not, sentence },
        })
    }

    fn values(&mut self, base: Base, pair: Pair<'_, Rule>) -> Option<Vec<Term>> {
        pair.into_inner().map(|value| self.value(base, value)).collect()
    }

    pub fn from(&mut self, head: &Segment, block: &Block<'_>) -> ItemKind {
        let Some(line) = self.parse(head, Rule::from_head, "from \"payments.csv\" {") else {
            return ItemKind::Broken;
        };
        let (base, parts) = words(line);
        let Some(source) = parts.first().and_then(|part| from_source(base, part)) else {
            return ItemKind::Broken;
        };
        let lines = block
            .lines
            .iter()
            .map(|segment| {
                let line = if is_broken(segment) { None } else { self.table_line(segment) };
                line.unwrap_or(FromLine::Broken(self.span(segment)))
            })
            .collect();
        ItemKind::From(From { source, lines })
    }

    fn table_line(&mut self, segment: &Segment) -> Option<FromLine> {
        let span = self.span(segment);
        for rule in [
            Rule::empty_line,
            Rule::date_line,
            Rule::comma_line,
            Rule::delimiter_line,
            Rule::sheet_line,
            Rule::no_header_line,
            Rule::bad_rows_line,
            Rule::merge_line,
        ] {
            let Some(line) = self.try_parse(segment, rule) else { continue };
            let (base, parts) = words(line);
            let text = |place: usize| parts.get(place).map(|part: &Pair<'_, Rule>| word(base, part));
            return match rule {
                Rule::empty_line => {
                    Some(FromLine::Empty(parts.iter().map(|part| word(base, part)).collect()))
                }
                Rule::date_line => text(0).map(FromLine::DateFormat),
                Rule::comma_line => Some(FromLine::DecimalComma(span)),
                Rule::delimiter_line => text(0).map(FromLine::Delimiter),
                Rule::sheet_line => text(0).map(FromLine::Sheet),
                Rule::no_header_line => Some(FromLine::NoHeader(span)),
                Rule::bad_rows_line => text(0).map(FromLine::OnBadRows),
                _ => Some(FromLine::OnDuplicates(Word { text: "merge".to_owned(), span })),
            };
        }
        let (base, parts) =
            words(self.parse(segment, Rule::states_line, "payer pays payee for sku where amount > 0")?);
        let (mut maybe, mut sentence, mut filter) = (false, None, None);
        for part in parts {
            match part.as_rule() {
                Rule::kw_maybe => maybe = true,
                Rule::run => {
                    sentence = self.pieces(base, part).and_then(|pieces| self.sentence(pieces, span));
                }
                Rule::body => filter = Some(self.body(base, part)),
                _ => {}
            }
        }
        Some(FromLine::Sentence { maybe, sentence: sentence?, filter, span })
    }
}

fn names_of(base: Base, parts: &[Pair<'_, Rule>]) -> Vec<Word> {
    let names = parts.iter().filter(|part| part.as_rule() == Rule::names);
    names.flat_map(|part| part.clone().into_inner()).map(|name| word(base, &name)).collect()
}

fn from_source(base: Base, part: &Pair<'_, Rule>) -> Option<FromSource> {
    if part.as_rule() == Rule::string {
        return Some(FromSource::File(word(base, part)));
    }
    let mut words = part.clone().into_inner().map(|inner| word(base, &inner));
    let (first, query) = (words.next()?, words.next()?);
    Some(match part.as_rule() {
        Rule::sqlite => FromSource::Sqlite { path: first, query },
        _ => FromSource::Postgres { variable: first, query },
    })
}

fn grid_cell(base: Base, cell: Pair<'_, Rule>) -> Option<GridCell> {
    let mut parts = cell.into_inner();
    let outcome = word(base, &parts.next()?);
    let lenses = parts.next()?.into_inner().map(|name| word(base, &name)).collect();
    Some(GridCell { outcome, lenses })
}

fn reading(base: Base, pair: Pair<'_, Rule>) -> Reading {
    let span = base.span(&pair);
    let parts = pair
        .into_inner()
        .filter_map(|part| match part.as_rule() {
            Rule::word => Some(ReadingPart::Word(word(base, &part))),
            _ => slot(base, part).map(ReadingPart::Slot),
        })
        .collect();
    Reading { parts, span }
}

fn slot(base: Base, pair: Pair<'_, Rule>) -> Option<Slot> {
    let span = base.span(&pair);
    let (mut name, mut kind, mut open) = (None, None, false);
    for part in pair.into_inner().next()?.into_inner() {
        match part.as_rule() {
            Rule::word => name = Some(word(base, &part)),
            Rule::kind_name => kind = Some(word(base, &part)),
            _ => open = true,
        }
    }
    Some(Slot { name, kind: kind?, open, span })
}
