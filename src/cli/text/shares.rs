//! A survey as tables: kinds of rows, their ages, and the fields that cost the bytes.

use std::io::{self, Write};

use session_reaper::{
    Bytes, Kind, Timestamp,
    inspect::{FieldWeight, KindCount, Survey},
};

use crate::cli::{
    Failure,
    output::{self, BOLD, DIM, GOES},
    stats::Totals,
    table::{
        self, Cell,
        Side::{Left, Right},
        percent,
    },
    words::{self, plain},
};

/// Prints each survey, and what they come to when there are several.
pub(crate) fn print<'s>(
    surveys: impl Iterator<Item = &'s Survey>,
    totals: &Totals,
    named: usize,
) -> Result<(), Failure> {
    let mut out = output::stdout();
    for survey in surveys {
        title(&mut out, survey)?;
        kinds(&mut out, survey, usize::MAX)?;
        writeln!(out)?;
        fields(&mut out, survey, named)?;
        writeln!(out)?;
        ages(&mut out, survey)?;
        if totals.stores > 1 {
            writeln!(out)?;
        }
    }
    writeln!(out, "{}", summary(totals))?;
    Ok(out.flush()?)
}

fn title(out: &mut impl Write, survey: &Survey) -> io::Result<()> {
    let total = &survey.census.total;
    let (name, rows) = (plain(&survey.store), words::count(total.rows, "row"));
    let next = total.next_expiry.map(|at| words::age(Some(survey.now.millis_since(at))));
    let next = next.map_or_else(String::new, |next| format!(", the next row goes {next}"));
    writeln!(out, "{BOLD}{name}{BOLD:#}: {rows}, {}{next}", Bytes(survey.bytes_before))?;
    match survey.census.shadowed {
        0 => Ok(()),
        more => writeln!(out, "  {more} more that JavaScript does not see: their keys stand again"),
    }
}

/// One line for each kind, heaviest first; those beyond `most` together.
pub(crate) fn kinds(out: &mut impl Write, survey: &Survey, most: usize) -> io::Result<()> {
    let mut kinds: Vec<_> = survey.census.kinds.iter().map(|(kind, count)| (*kind, *count)).collect();
    kinds.sort_by_key(|(_, count)| std::cmp::Reverse(count.bytes));
    let others = kinds.split_off(most.min(kinds.len()));
    let mut rows: Vec<_> = kinds.iter().map(|(kind, count)| kind_row(survey, *kind, count)).collect();
    if !others.is_empty() {
        let bytes = others.iter().map(|(_, count)| count.bytes).sum();
        let count = others.iter().map(|(_, count)| count.rows).sum::<u64>().to_string();
        let share = percent(bytes, survey.bytes_before);
        let name = format!("{} others", others.len());
        let texts = [name, count, Bytes(bytes).to_string(), share].map(Cell::dim);
        let [name, count, size, share] = texts;
        rows.push([name, count, size, share, "".into(), "".into(), "".into()]);
    }
    let head = [
        ("KIND", Left),
        ("ROWS", Right),
        ("SIZE", Right),
        ("SHARE", Right),
        ("OLDEST", Right),
        ("GO NOW", Right),
        ("HEAVIEST", Left),
    ];
    table::write(out, head, &rows)
}

fn kind_row(survey: &Survey, kind: Kind, count: &KindCount) -> [Cell; 7] {
    let since = |time: Option<Timestamp>| time.map(|time| survey.now.millis_since(time));
    let goes = if count.prunable == 0 { Cell::dim("-") } else { Cell(count.prunable.to_string(), GOES) };
    [
        kind.to_string().into(),
        count.rows.to_string().into(),
        Bytes(count.bytes).to_string().into(),
        percent(count.bytes, survey.bytes_before).into(),
        words::age(since(count.oldest)).into(),
        goes,
        heaviest(survey, kind, count).into(),
    ]
}

fn heaviest(survey: &Survey, kind: Kind, count: &KindCount) -> String {
    let fields = survey.weights.fields(Some(kind));
    let Some((name, weight)) = fields.first() else { return String::new() };
    format!("{} {}", short(&name.to_text()), percent(weight.bytes, count.bytes))
}

fn short(name: &str) -> String {
    table::shortened(&plain(name), 24)
}

/// The heaviest fields, and what the rest of the file is.
fn fields(out: &mut impl Write, survey: &Survey, named: usize) -> io::Result<()> {
    let (weights, all) = (&survey.weights, survey.bytes_before);
    let fields = weights.fields(None);
    let (first, others) = fields.split_at_checked(named).unwrap_or((&fields, &[]));
    let row = |name: String, rows: u64, bytes: u64| {
        let count = if rows == 0 { String::new() } else { rows.to_string() };
        [name.into(), count.into(), Bytes(bytes).to_string().into(), Cell::from(percent(bytes, all))]
    };
    let mut rows: Vec<_> =
        first.iter().map(|(name, field)| row(short(&name.to_text()), field.rows, field.bytes)).collect();
    let sum: FieldWeight = others.iter().fold(FieldWeight::default(), |sum, (_, field)| sum + *field);
    let rest = [
        (words::count(others.len() as u64, "other field"), sum.bytes),
        ("values without fields".to_owned(), weights.plain_values()),
        ("keys".to_owned(), weights.keys()),
        ("spaces and punctuation".to_owned(), weights.rest()),
    ];
    let rest = rest.into_iter().filter(|(_, bytes)| *bytes > 0);
    rows.extend(rest.map(|(name, bytes)| row(name, 0, bytes).map(|cell| Cell::dim(cell.0))));
    table::write(out, [("FIELD", Left), ("ROWS", Right), ("SIZE", Right), ("SHARE", Right)], &rows)
}

/// One line: how many rows are how old.
fn ages(out: &mut impl Write, survey: &Survey) -> io::Result<()> {
    let groups = survey.census.ages.groups().filter(|(_, group)| group.rows > 0);
    let text: Vec<String> = groups
        .map(|(name, group)| match name {
            "older" | "unknown" => format!("{} {name}", group.rows),
            end => format!("{} up to {end}", group.rows),
        })
        .collect();
    writeln!(out, "  {DIM}AGE{DIM:#}  {}", text.join(", "))
}

fn summary(totals: &Totals) -> String {
    let of = if totals.stores == 1 { String::new() } else { words::count(totals.stores, "store") + ": " };
    let (rows, size) = (words::count(totals.rows, "row"), Bytes(totals.bytes_before));
    match totals.prunable {
        0 => format!("{of}{rows}, {size}; none would go now"),
        goes => {
            let freed = Bytes(totals.bytes_before - totals.bytes_after);
            format!("{of}{rows}, {size}; {goes} would go now and free {freed}")
        }
    }
}
