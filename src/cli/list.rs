//! `parallax ls`.

use super::Exit;
use super::args::PathArgs;
use super::output::Terminal;
use crate::base::{Span, printable};
use crate::model::raw::show_parts;

pub(super) fn run(args: &PathArgs, terminal: &mut Terminal) -> Exit {
    list(args, terminal).unwrap_or_else(|exit| exit)
}

fn list(args: &PathArgs, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let session = terminal.open(&args.path)?;
    let ruleset = terminal.ruleset(&session)?;
    let mut lines: Vec<(&str, String, Span, String)> = Vec::new();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    for kind in &ruleset.kinds {
        lines.push(("kind", kind.name.clone(), kind.span, String::new()));
    }
    for relation in &ruleset.relations {
        let parts = relation.readings.first().map_or(&[][..], |reading| reading.parts.as_slice());
        let name = show_parts(parts, |slot| ruleset.type_name(relation.slots[slot].ty).to_owned());
        lines.push(("relation", name, relation.span, text(&relation.text)));
    }
    for question in &ruleset.questions {
        lines.push(("question", question.name.clone(), question.span, text(&question.text)));
    }
    for lens in &ruleset.lenses {
        lines.push(("lens", lens.name.clone(), lens.span, text(&lens.title)));
    }
    for panel in &ruleset.panels {
        lines.push(("panel", panel.name.clone(), panel.span, text(&panel.title)));
    }
    for never in &ruleset.nevers {
        lines.push(("never", never.name.clone(), never.span, text(&never.title)));
    }
    for parameter in &ruleset.parameters {
        lines.push(("parameter", parameter.name.clone(), parameter.span, text(&parameter.text)));
    }
    for scenario in &ruleset.scenarios {
        lines.push(("scenario", scenario.name.clone(), scenario.span, text(&scenario.title)));
    }
    let wide = lines.iter().map(|(_, name, ..)| name.chars().count()).max().unwrap_or(0).min(50);
    let mut out = String::new();
    for (sort, name, span, text) in lines {
        let place = session.sources().place(span);
        let line =
            format!("{sort:<9}  {:<wide$}  {}  {}", printable(&name), printable(&place), printable(&text));
        out.push_str(line.trim_end());
        out.push('\n');
    }
    terminal.answer(&out);
    Ok(Exit::Done)
}
