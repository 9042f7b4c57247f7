//! Positive families: passwords of people and machines, in all the places where releases have them.

mod commands;
mod files;
mod passwords;
mod places;
mod urls;

use super::Family;
use super::draw::Draw;

/// All of them. A seed draws by their order.
pub(crate) const ROOMS: &[&[Family]] = &[
    passwords::FAMILIES,
    urls::FAMILIES,
    files::FAMILIES,
    commands::FAMILIES,
    places::FAMILIES,
];

fn password_key(draw: &mut Draw) -> String {
    let app = draw.app().to_uppercase().replace('-', "_");
    let key = draw.pick(&[
        "PASSWORD",
        "DB_PASSWORD",
        "POSTGRES_PASSWORD",
        "ADMIN_PASSWORD",
        "SMTP_PASS",
        "REDIS_PASSWORD",
        "DB_PASSWD",
        "ADMIN_PW",
        "MQTT_PASSWORD",
        "DBPASSWORD",
        "ROOT_PASSWORD",
        "WIFI_PSK",
        "PASSPHRASE",
    ]);
    if draw.chance(50) {
        format!("{app}_{key}")
    } else {
        key.to_owned()
    }
}

/// A password without what would end it in a URL or a command.
fn url_password(draw: &mut Draw) -> String {
    let text = draw.password();
    text.chars()
        .map(|letter| match letter {
            '@' | '#' | '/' | '?' | '+' | '=' | '!' | '$' | '%' | '^' | '*' | '~' | '&' => 'x',
            letter => letter,
        })
        .collect()
}

/// A password that YAML reads as a string, quoted or not.
fn yaml_password(draw: &mut Draw) -> String {
    let text = url_password(draw);
    match draw.below(3) {
        0 => format!("\"{text}\""),
        1 => format!("'{text}'"),
        _ => format!("p{text}"),
    }
}
