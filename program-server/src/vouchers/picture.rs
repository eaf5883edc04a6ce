//! Pictures that a person can hold: a voucher, and the card that enrols a phone, as SVG and PNG.
//!
//! A card is an A6 page, lying: the QR code at the left with its quiet zone, words for people at
//! the right. The page comes from a template in `assets/`, in which names of any length are wrapped
//! and made smaller to fit. Letters are drawn as outlines of the fonts that the program carries, so
//! a picture is the same on every machine. Values in, pictures out: no files, no clock.

mod glyphs;
mod symbol;
mod template;
mod typeset;

use super::words;
use jiff::civil::Date;
use protocol::Benefit;
use protocol::voucher::Holder;
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{ImageHrefResolver, Options, Tree};
use symbol::Symbol;
use template::Page;
use typeset::{escape, one_line};

/// What stands on a voucher.
#[derive(Debug, Clone, Copy)]
pub struct VoucherCard<'a> {
    pub programme: &'a str,
    /// The kind of assistance, such as `Food assistance`.
    pub assistance: &'a str,
    /// What the voucher is good for.
    pub benefit: &'a Benefit,
    /// Decimal places of the programme's currency.
    pub decimals: u8,
    /// Whom it is for, as far as the programme's policy shows it.
    pub holder: Option<&'a Holder>,
    /// The name of the provider or group of providers that may serve it; any provider of the
    /// programme if absent.
    pub provider: Option<&'a str>,
    /// The first valid day in the programme's time zone.
    pub first_day: Date,
    /// The last valid day in the programme's time zone.
    pub last_day: Date,
    /// What people call the voucher by, on the telephone or in a list.
    pub reference: &'a str,
    /// The office that issued it.
    pub issuer: &'a str,
    /// The signed voucher as QR text.
    pub qr_text: &'a str,
}

/// What stands on the card that enrols a phone.
#[derive(Debug, Clone, Copy)]
pub struct EnrolmentCard<'a> {
    pub programme: &'a str,
    /// The provider that the phone will serve for.
    pub provider: &'a str,
    /// The server's origin, such as `https://vouchers.example.org`.
    pub server: &'a str,
    /// Until when the code can be used, in words, such as `Valid until 3 Dec 2026, 17:00`.
    pub validity: &'a str,
    /// What people call the invitation by.
    pub reference: &'a str,
    /// The office that gave it out.
    pub issuer: &'a str,
    /// The invitation as QR text.
    pub qr_text: &'a str,
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// More than the largest QR symbol holds at error correction M.
    #[error(
        "the code has {characters} characters, more than a QR code can hold; \
         use fewer documents or shorter names"
    )]
    CodeTooLong {
        /// Length of the text.
        characters: usize,
    },
    /// The template does not keep the rules in its first lines.
    #[error("the picture's template is wrong: {0}")]
    Template(String),
    /// The filled template is no picture.
    #[error("the picture could not be drawn: {0}")]
    Drawing(String),
}

/// Pixels a module that a PNG has at least, so that cheap printers keep every module.
const LEAST_PIXELS_A_MODULE: usize = 6;

/// Units of a template in one inch.
const UNITS_PER_INCH: u32 = 300;

impl VoucherCard<'_> {
    /// The voucher as SVG, A6 when printed at its own size, its words also there for screen
    /// readers.
    ///
    /// # Errors
    /// [`PictureError`], of which only the length of the code depends on the card.
    pub fn svg(&self) -> Result<String, PictureError> {
        Ok(self.draw()?.svg())
    }

    /// The voucher as PNG with whole pixels a module, at least six, A6 when printed at its own
    /// size.
    ///
    /// # Errors
    /// As [`VoucherCard::svg`].
    pub fn png(&self) -> Result<Vec<u8>, PictureError> {
        self.draw()?.png()
    }

    fn draw(&self) -> Result<Drawing, PictureError> {
        let holder = self
            .holder
            .map_or_else(|| "No name on this voucher".to_owned(), |holder| one_line(&holder.name));
        let details =
            self.holder.map(|holder| one_line(&words::holder_details(holder))).unwrap_or_default();
        let provider = self.provider.map_or_else(
            || "At any provider of the programme".to_owned(),
            |name| format!("Only at {}", one_line(name)),
        );
        let fields = [
            ("programme", one_line(self.programme)),
            ("assistance", one_line(self.assistance)),
            ("benefit", benefit_words(self.benefit, self.decimals)),
            ("holder", holder),
            ("holder_details", details),
            ("provider", provider),
            ("first_day", words::day(self.first_day)),
            ("last_day", words::day(self.last_day)),
            ("reference", one_line(self.reference)),
            ("issuer", one_line(self.issuer)),
        ];
        Drawing::new("Voucher", include_str!("../../assets/voucher.svg"), &fields, self.qr_text)
    }
}

impl EnrolmentCard<'_> {
    /// The card as SVG, A6 when printed at its own size, its words also there for screen readers.
    ///
    /// # Errors
    /// [`PictureError`], of which only the length of the code depends on the card.
    pub fn svg(&self) -> Result<String, PictureError> {
        Ok(self.draw()?.svg())
    }

    /// The card as PNG with whole pixels a module, at least six, A6 when printed at its own size.
    ///
    /// # Errors
    /// As [`EnrolmentCard::svg`].
    pub fn png(&self) -> Result<Vec<u8>, PictureError> {
        self.draw()?.png()
    }

    fn draw(&self) -> Result<Drawing, PictureError> {
        let fields = [
            ("programme", one_line(self.programme)),
            ("provider", one_line(self.provider)),
            ("server", one_line(self.server)),
            ("validity", one_line(self.validity)),
            ("reference", one_line(self.reference)),
            ("issuer", one_line(self.issuer)),
        ];
        Drawing::new(
            "Phone enrolment",
            include_str!("../../assets/enrolment.svg"),
            &fields,
            self.qr_text,
        )
    }
}

/// Goods beyond this many run on in lines instead of taking one each.
const MOST_GOODS_LINES: usize = 6;

/// The benefit as the template gets it: an amount is never parted, goods have a line each while
/// there is room.
fn benefit_words(benefit: &Benefit, decimals: u8) -> String {
    let lines: Vec<String> =
        words::benefit_lines(benefit, decimals).iter().map(|line| one_line(line)).collect();
    match benefit {
        Benefit::Money(_) => lines.concat().replace(' ', "\u{a0}"),
        Benefit::Goods(_) if lines.len() <= MOST_GOODS_LINES => lines.join("\n"),
        Benefit::Goods(_) => lines.join(" · "),
    }
}

/// A filled page, ready to be written as either format.
struct Drawing {
    title: &'static str,
    page: Page,
}

impl Drawing {
    fn new(
        title: &'static str,
        template: &str,
        fields: &template::Fields,
        qr_text: &str,
    ) -> Result<Self, PictureError> {
        Ok(Drawing { title, page: template::fill(template, fields, &Symbol::new(qr_text)?)? })
    }

    fn svg(&self) -> String {
        let millimetres =
            |units: u32| format!("{:.0}mm", f64::from(units) / f64::from(UNITS_PER_INCH) * 25.4);
        let (width, height) = self.page.size;
        self.document(&millimetres(width), &millimetres(height))
    }

    fn png(&self) -> Result<Vec<u8>, PictureError> {
        let wrong = |problem: &dyn std::fmt::Display| PictureError::Drawing(problem.to_string());
        // Neither fonts nor files of the machine have a part in the picture.
        let options = Options {
            image_href_resolver: ImageHrefResolver {
                resolve_string: Box::new(|_, _| None),
                ..ImageHrefResolver::default()
            },
            ..Options::default()
        };
        let (width, height) = self.page.size;
        let document = self.document(&width.to_string(), &height.to_string());
        let tree = Tree::from_str(&document, &options).map_err(|error| wrong(&error))?;

        let scale = LEAST_PIXELS_A_MODULE.div_ceil(self.page.module) as u32;
        let (width, height) = (width * scale, height * scale);
        let mut pixels =
            Pixmap::new(width, height).ok_or_else(|| wrong(&"the page has no size"))?;
        pixels.fill(Color::WHITE);
        resvg::render(
            &tree,
            Transform::from_scale(scale as f32, scale as f32),
            &mut pixels.as_mut(),
        );

        let per_metre = (f64::from(UNITS_PER_INCH * scale) / 0.0254).round() as u32;
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, width, height);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_pixel_dims(Some(png::PixelDimensions {
            xppu: per_metre,
            yppu: per_metre,
            unit: png::Unit::Meter,
        }));
        let mut writer = encoder.write_header().map_err(|error| wrong(&error))?;
        // The page is opaque, so that the colours are the same with and without their alpha
        // multiplied in.
        writer.write_image_data(pixels.data()).map_err(|error| wrong(&error))?;
        writer.finish().map_err(|error| wrong(&error))?;
        Ok(file)
    }

    fn document(&self, width: &str, height: &str) -> String {
        let Page { size, attributes, content, words, .. } = &self.page;
        format!(
            concat!(
                r#"<svg xmlns="http://www.w3.org/2000/svg" width="{}" height="{}" "#,
                r#"viewBox="0 0 {} {}"{} role="img">"#,
                "<title>{}</title><desc>{}</desc>{}</svg>\n"
            ),
            width,
            height,
            size.0,
            size.1,
            attributes,
            escape(self.title),
            escape(words),
            content
        )
    }
}
