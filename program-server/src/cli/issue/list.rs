//! A list of vouchers as a CSV file (RFC 4180), one a line.

use super::Content;
use program_server::programmes::Programme;
use program_server::vouchers::{IssueRequest, Line};
use program_server::{Error, Result};
use protocol::Hash;
use protocol::voucher::SupportingDocument;
use serde::Deserialize;

/// The columns; each may be missing or empty.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Columns {
    money: Option<String>,
    goods: Option<String>,
    provider: Option<String>,
    group: Option<String>,
    holder: Option<String>,
    birth_year: Option<String>,
    id_tail: Option<String>,
    assistance: Option<String>,
    from: Option<String>,
    until: Option<String>,
    entitlement: Option<String>,
}

/// Reads every line, so that a mistake in the last one is told before the first is issued.
///
/// # Errors
/// [`Error::Invalid`] with the line and what is wrong with it.
pub(super) fn read(
    file: &[u8],
    options: &Content,
    programme: &Programme,
    list: Hash,
    documents: &[SupportingDocument],
) -> Result<Vec<IssueRequest>> {
    // Spreadsheets put a byte order mark in front.
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let mut requests = Vec::new();
    for (row, columns) in reader.deserialize::<Columns>().enumerate() {
        // The first line names the columns.
        let line = row + 2;
        let request = columns
            .map_err(|error| Error::Invalid(error.to_string()))
            .and_then(|columns| columns.over(options).request(programme))
            .map_err(|error| Error::Invalid(format!("line {line}: {error}")))?;
        let number = u32::try_from(line).map_err(|_| Error::invalid("too many lines"))?;
        let line = Some(Line { list, number });
        requests.push(IssueRequest { documents: documents.to_vec(), line, ..request });
    }
    if requests.is_empty() {
        return Err(Error::invalid("it has no line below the names of the columns"));
    }
    Ok(requests)
}

impl Columns {
    /// What the line says, and the options where it says nothing.
    fn over(self, options: &Content) -> Content {
        let filled = |own: Option<String>| own.filter(|text| !text.is_empty());
        let (money, goods) = (filled(self.money), filled(self.goods));
        let (provider, group) = (filled(self.provider), filled(self.group));
        let own_benefit = money.is_some() || goods.is_some();
        let own_audience = provider.is_some() || group.is_some();
        let or = |own: Option<String>, option: &Option<String>| filled(own).or(option.clone());
        let goods = goods.map(|list| list.split(';').map(|line| line.trim().to_owned()).collect());
        Content {
            money: if own_benefit { money } else { options.money.clone() },
            goods: if own_benefit { goods.unwrap_or_default() } else { options.goods.clone() },
            provider: if own_audience { provider } else { options.provider.clone() },
            group: if own_audience { group } else { options.group.clone() },
            holder: or(self.holder, &options.holder),
            birth_year: or(self.birth_year, &options.birth_year),
            id_tail: or(self.id_tail, &options.id_tail),
            assistance: or(self.assistance, &options.assistance),
            from: or(self.from, &options.from),
            until: or(self.until, &options.until),
            entitlement: or(self.entitlement, &options.entitlement),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use protocol::id::ProgrammeId;
    use protocol::time::Zone;
    use protocol::trust::TooOldPolicy;
    use protocol::{Currency, Span};

    fn read_list(file: &str) -> Result<Vec<IssueRequest>> {
        let programme = Programme {
            id: ProgrammeId::new("aid").unwrap(),
            name: "Medical Aid".to_owned(),
            zone: Zone::new("Asia/Manila").unwrap(),
            currency: Currency::new("PHP").unwrap(),
            decimals: 2,
            too_old: TooOldPolicy::Refuse,
            clock_tolerance: Span::days(1),
            by_reference: false,
            holding_days: 7,
        };
        let options = Content {
            money: Some("100".to_owned()),
            assistance: Some("Food".to_owned()),
            until: Some("2027-06-30".to_owned()),
            ..Content::default()
        };
        read(file.as_bytes(), &options, &programme, Hash::of(b"list"), &[])
    }

    #[test]
    fn a_line_stands_over_the_options_and_leaves_the_rest_to_them() {
        let requests =
            read_list("\u{feff}holder,goods,until\nMaria,Rice:25:kg; Oil:2:l,2027-01-31\nJosé,,\n");
        let requests = requests.unwrap();
        assert_eq!(requests[0].benefit.words(2), "Rice 25 kg, Oil 2 l");
        assert_eq!(requests[0].last_day, date(2027, 1, 31));
        assert_eq!(requests[1].benefit.words(2), "PHP 100.00");
        assert_eq!(requests[1].last_day, date(2027, 6, 30));
        assert_eq!(requests[1].holder.as_ref().unwrap().name, "José");
        assert_eq!(requests[1].line.unwrap().number, 3);
    }

    #[test]
    fn a_mistake_is_told_with_its_line_before_anything_is_issued() {
        let error = read_list("holder,money\nMaria,1\nJosé,much\n").unwrap_err().to_string();
        assert!(error.contains("line 3") && error.contains("much"), "{error}");
        let error = read_list("holder,colour\nMaria,red\n").unwrap_err().to_string();
        assert!(error.contains("colour"), "{error}");
        assert!(read_list("holder\n").is_err());
    }
}
