//! `issue`: vouchers as pictures, one or ten thousand.

mod list;

use super::output::Output;
use clap::Args;
use program_server::files::{self, FileMode};
use program_server::programmes::{self, Programme};
use program_server::vouchers::{self, IssueRequest, IssuedVoucher, Line, Pictures, Sheet};
use program_server::{App, Error, Result, trust};
use protocol::id::{Audience, EntitlementId, ProgrammeId};
use protocol::voucher::{Holder, Reference, SupportingDocument};
use protocol::{Benefit, GoodsLine, Hash, Quantity};
use serde::Serialize;
use serde_json::json;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use tokio::task::JoinHandle;

/// Vouchers that are issued in one transaction.
const AT_ONCE: usize = 50;

/// Issue vouchers, each as a PNG and an SVG picture named by its printed reference.
///
/// Each voucher is stored before its picture is drawn. With --file, one voucher is issued for each
/// line; given again after an interruption, the same file goes on where it stopped and issues
/// nothing twice.
#[derive(Debug, Args)]
pub struct Issue {
    /// The programme.
    #[arg(long, value_name = "ID")]
    programme: ProgrammeId,
    #[command(flatten)]
    content: Content,
    /// Issue this many alike.
    #[arg(long, default_value_t = 1, value_name = "N", conflicts_with = "file")]
    count: usize,
    /// Issue one voucher for each line of a CSV file. Its first line names the columns: money, goods
    /// (Rice:25:kg; Oil:2:l), provider, group, holder, birth_year, id_tail, assistance, from, until,
    /// entitlement. What a line leaves empty, the options of this command give.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// A supporting document, named on the voucher by its digest and a label: FILE:LABEL.
    #[arg(long = "document", value_name = "FILE:LABEL")]
    documents: Vec<String>,
    /// The folder for the pictures.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// What a voucher says, by options or by the columns of a file.
#[derive(Debug, Clone, Default, Args, Serialize)]
pub struct Content {
    /// An amount in the programme's currency, such as 5000.00.
    #[arg(long, value_name = "AMOUNT", conflicts_with = "goods")]
    money: Option<String>,
    /// Goods: item, quantity and unit, such as Rice:25:kg; may be given several times.
    #[arg(long, value_name = "ITEM:QUANTITY:UNIT")]
    goods: Vec<String>,
    /// The one provider that may serve it; any of the programme's if neither it nor a group is named.
    #[arg(long, value_name = "ID", conflicts_with = "group")]
    provider: Option<String>,
    /// The group whose providers may serve it.
    #[arg(long, value_name = "ID")]
    group: Option<String>,
    /// The holder's name, as the voucher shows it.
    #[arg(long, value_name = "NAME")]
    holder: Option<String>,
    /// The holder's year of birth.
    #[arg(long, value_name = "YEAR", requires = "holder")]
    birth_year: Option<String>,
    /// The last characters of the holder's identity number, at most four.
    #[arg(long, value_name = "CHARACTERS", requires = "holder")]
    id_tail: Option<String>,
    /// The kind of assistance, such as Medicine.
    #[arg(long, value_name = "TYPE")]
    assistance: Option<String>,
    /// The first valid day, such as 2026-12-01; today if not given.
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// The last valid day, such as 2026-12-31.
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    /// The entitlement it stands for; the voucher's printed reference if not given.
    #[arg(long, value_name = "REF")]
    entitlement: Option<String>,
}

impl Issue {
    pub async fn run(self, app: &App, output: &Output) -> Result<()> {
        let programme = programmes::get(app.db.reader(), &self.programme).await?;
        let documents =
            self.documents.iter().map(|named| document(named)).collect::<Result<Vec<_>>>()?;
        let requests = match &self.file {
            None => {
                let mut request = self.content.request(&programme)?;
                request.documents = documents;
                vec![request; self.count]
            }
            Some(file) => {
                let bytes = std::fs::read(file).map_err(Error::file(file))?;
                let given = (&self.programme.as_str(), &self.content, &self.documents);
                let given = serde_json::to_vec(&given)
                    .map_err(|error| Error::Invalid(format!("the options: {error}")))?;
                let list = Hash::of_all(&[&given, &[0], &bytes]);
                list::read(&bytes, &self.content, &programme, list, &documents)
                    .map_err(|error| Error::Invalid(format!("{}: {error}", file.display())))?
            }
        };
        std::fs::create_dir_all(&self.out).map_err(Error::file(&self.out))?;
        let mut pictures = Drawing::new(app, &self.out, output, requests.len());

        let before = match requests.first().and_then(|request| request.line) {
            Some(Line { list, .. }) => vouchers::issued_lines(app.db.reader(), list).await?,
            None => Default::default(),
        };
        let (issued, new): (Vec<IssueRequest>, Vec<IssueRequest>) =
            requests.into_iter().partition(|request| {
                request.line.is_some_and(|line| before.contains_key(&line.number))
            });
        if !issued.is_empty() {
            output.info(&format!(
                "{} of {} lines have their vouchers already; missing pictures are drawn.",
                issued.len(),
                issued.len() + new.len()
            ))?;
        }
        for issued in before.into_values() {
            pictures.draw(issued).await?;
        }
        for requests in new.chunks(AT_ONCE) {
            for issued in vouchers::issue(app, &self.programme, requests).await? {
                pictures.draw(issued).await?;
            }
        }
        pictures.finish().await?;
        // A first voucher of a month has a new status list, which phones learn of in the trust list.
        trust::current(app).await.map(|_| ())
    }
}

impl Content {
    /// The request that these words make.
    fn request(&self, programme: &Programme) -> Result<IssueRequest> {
        let wrong = |field: &str, text: &str, like: &str| {
            Error::Invalid(format!("{field}: {text:?} is none; write it like {like}"))
        };
        let day =
            |field: &str, text: &str| text.parse().map_err(|_| wrong(field, text, "2026-12-31"));
        let required = |field: &str, text: &Option<String>| {
            text.clone().ok_or_else(|| Error::Invalid(format!("{field} is missing")))
        };
        let benefit = match (&self.money, self.goods.as_slice()) {
            (Some(amount), []) => Benefit::Money(programme.amount(amount)?),
            (None, goods) if !goods.is_empty() => {
                Benefit::Goods(goods.iter().map(|line| goods_line(line)).collect::<Result<_>>()?)
            }
            _ => return Err(Error::invalid("give either money or goods")),
        };
        let audience = match (&self.provider, &self.group) {
            (Some(_), Some(_)) => {
                return Err(Error::invalid("give a provider or a group, not both"));
            }
            (Some(id), None) | (None, Some(id)) => {
                Some(Audience::new(id.as_str()).map_err(|_| wrong("provider", id, "mercy"))?)
            }
            (None, None) => None,
        };
        let holder = self.holder.as_ref().map(|name| {
            let birth_year = self
                .birth_year
                .as_ref()
                .map(|year| year.parse().map_err(|_| wrong("birth year", year, "1984")));
            Ok::<_, Error>(Holder {
                name: name.clone(),
                birth_year: birth_year.transpose()?,
                id_tail: self.id_tail.clone(),
            })
        });
        Ok(IssueRequest {
            benefit,
            audience,
            assistance: required("assistance", &self.assistance)?,
            holder: holder.transpose()?,
            first_day: self.from.as_deref().map(|text| day("from", text)).transpose()?,
            last_day: day("until", &required("until", &self.until)?)?,
            entitlement: self
                .entitlement
                .as_deref()
                .map(|text| {
                    EntitlementId::new(text).map_err(|_| wrong("entitlement", text, "E-17"))
                })
                .transpose()?,
            documents: Vec::new(),
            line: None,
        })
    }
}

/// Reads `Rice:25:kg`; quantities have up to three decimal places.
pub(super) fn goods_line(text: &str) -> Result<GoodsLine> {
    let wrong = || {
        Error::Invalid(format!(
            "{text:?} is no goods: write item, quantity and unit like Rice:25:kg"
        ))
    };
    let mut parts = text.split(':').map(str::trim);
    let (Some(item), Some(quantity), Some(unit), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(wrong());
    };
    let (whole, places) = quantity.split_once('.').unwrap_or((quantity, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if item.is_empty()
        || unit.is_empty()
        || whole.is_empty()
        || places.len() > 3
        || !digits(whole)
        || !digits(places)
    {
        return Err(wrong());
    }
    let thousandths = format!("{whole}{places:0<3}").parse().map_err(|_| wrong())?;
    let quantity = Quantity::from_thousandths(thousandths).map_err(|_| wrong())?;
    Ok(GoodsLine { item: item.to_owned(), quantity, unit: unit.to_owned() })
}

/// Reads `FILE:LABEL`. The label stands after the last colon.
fn document(named: &str) -> Result<SupportingDocument> {
    let (file, label) =
        named.rsplit_once(':').filter(|(_, label)| !label.is_empty()).ok_or_else(|| {
            Error::Invalid(format!(
                "{named:?}: name a document by FILE:LABEL, such as bill.pdf:Bill"
            ))
        })?;
    let path = Path::new(file);
    let bytes = std::fs::read(path).map_err(Error::file(path))?;
    Ok(SupportingDocument { hash: Hash::of(&bytes), label: label.to_owned() })
}

/// Draws pictures on every core and reports them in the order in which they came.
struct Drawing<'a> {
    app: &'a App,
    out: &'a Path,
    output: &'a Output,
    bar: indicatif::ProgressBar,
    width: usize,
    begun: VecDeque<Begun>,
}

/// A voucher whose pictures are being drawn, or are there.
struct Begun {
    issued: IssuedVoucher,
    png: PathBuf,
    svg: PathBuf,
    /// Absent when both files are there; they were written whole.
    drawn: Option<JoinHandle<Result<Pictures>>>,
}

impl<'a> Drawing<'a> {
    fn new(app: &'a App, out: &'a Path, output: &'a Output, steps: usize) -> Self {
        let width = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let bar = output.progress(steps);
        Drawing { app, out, output, bar, width, begun: VecDeque::new() }
    }

    async fn draw(&mut self, issued: IssuedVoucher) -> Result<()> {
        if self.begun.len() >= self.width {
            self.report_next().await?;
        }
        let file = |suffix| self.out.join(format!("{}.{suffix}", issued.reference));
        let (png, svg) = (file("png"), file("svg"));
        let drawn = if png.exists() && svg.exists() {
            None
        } else {
            let office = &self.app.config.office;
            let sheet = Sheet::of(self.app.db.reader(), office, issued.clone()).await?;
            Some(tokio::task::spawn_blocking(move || sheet.draw()))
        };
        self.begun.push_back(Begun { issued, png, svg, drawn });
        Ok(())
    }

    async fn finish(mut self) -> Result<()> {
        while !self.begun.is_empty() {
            self.report_next().await?;
        }
        self.bar.finish_and_clear();
        Ok(())
    }

    async fn report_next(&mut self) -> Result<()> {
        let Some(Begun { issued, png, svg, drawn }) = self.begun.pop_front() else {
            return Ok(());
        };
        if let Some(drawn) = drawn {
            let drawn =
                drawn.await.map_err(|_| Error::invalid("a picture could not be drawn"))??;
            // Whoever holds the picture holds the voucher.
            files::write(&png, &drawn.png, FileMode::OwnerOnly)?;
            files::write(&svg, drawn.svg.as_bytes(), FileMode::OwnerOnly)?;
        }
        let Reference::Cti(cti) = &issued.voucher.identity.reference else { return Ok(()) };
        let words = format!("Voucher {} is in {}.", issued.reference, png.display());
        let value = json!({
            "reference": cti.to_string(),
            "printed": issued.reference,
            "text": issued.text()?,
            "png": png.display().to_string(),
            "svg": svg.display().to_string(),
        });
        self.bar.suspend(|| self.output.print(&words, &value))?;
        self.bar.inc(1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goods_are_read_with_their_thousandths() {
        let line = goods_line("Cooking oil : 1.5 : l").unwrap();
        assert_eq!((line.item.as_str(), line.unit.as_str()), ("Cooking oil", "l"));
        assert_eq!(line.quantity.thousandths(), 1500);
    }

    #[test]
    fn what_is_no_goods_is_refused() {
        for wrong in ["Rice", "Rice:25", "Rice:25:kg:x", "Rice:0:kg", "Rice:1.2345:kg", ":1:kg"] {
            assert!(goods_line(wrong).is_err(), "{wrong}");
        }
    }
}
