//! What a key says of its value: the head noun (the last word) decides, then the word before it.

#[cfg(test)]
mod tests;

use super::words::{Lower, Words};

/// How likely the value under a key is a secret. The order is that of certainty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// The key only names, points at or describes a secret.
    Not,
    /// The key says nothing.
    Unknown,
    /// The key sets how a secret is dealt with: only what is clearly drawn is one.
    Setting,
    /// Some `*key`: a secret when the value is random and long.
    Weak,
    /// A secret when the value looks random.
    Ambiguous,
    /// A `token` or `secret`: as above, and a UUID counts.
    Opaque,
    /// A machine's secret: any literal counts.
    Strong,
    /// A person's or service's password: any literal counts, a number too.
    Password,
}

impl Class {
    /// The class of a key.
    pub(super) fn of(key: &str) -> Self {
        Self::of_words(&Words::of(key))
    }

    /// The class of a key below another: a lone `key`, `token` or `secret` is read together with the
    /// one above, but that two words stand in two places makes it less sure.
    pub(super) fn of_key_under(key: &str, above: &str) -> Self {
        let class = Self::of(key);
        let words = Words::of(key);
        if class == Class::Unknown && key.eq_ignore_ascii_case("community") && speaks_of_snmp(above)
        {
            return Class::Password;
        }
        if class == Class::Unknown {
            // `passwords: {alice: x}`, `secrets: {database: x}`.
            return match Self::of(above) {
                Class::Password | Class::Strong => Class::Opaque,
                Class::Opaque => Class::Weak,
                _ => Class::Unknown,
            };
        }
        if words.len() != 1 || !class.is_secret() || class.is_strong() || above.is_empty() {
            return class;
        }
        let head = Lower::of(words.back(0));
        let before = Lower::of(Words::of(above).back(0));
        match of_head(head.bytes(), before.bytes(), &words) {
            Class::Strong | Class::Password => Class::Opaque,
            Class::Unknown => class,
            other => other,
        }
    }

    /// The class of a key that is split already.
    fn of_words(words: &Words<'_>) -> Self {
        if words.len() == 0 || names_another(words.first()) || words.iter().any(is_reference) {
            return Class::Not;
        }
        if is_verb(words.first()) {
            // `DISABLE_PASSWORD: "true"` is a setting; only what is clearly drawn is more.
            return match Self::of_words(&words.without_first()) {
                Class::Opaque | Class::Strong | Class::Password => Class::Setting,
                _ => Class::Not,
            };
        }
        let head = Lower::of(words.back(0));
        let before = Lower::of(words.back(1));
        let class = of_head(head.bytes(), before.bytes(), words);
        if class != Class::Unknown {
            return class;
        }
        // `PASSWORD_PROD`, `SECRET_KEY_BASE`: the word before the head, judged more mildly.
        if words.len() > 1 {
            let words = words.without_last();
            let above = Lower::of(words.back(1));
            let class = match of_head(before.bytes(), above.bytes(), &words) {
                Class::Unknown => of_glued(&before),
                class => class,
            };
            match class {
                Class::Strong | Class::Password | Class::Opaque => return Class::Opaque,
                Class::Ambiguous => return Class::Ambiguous,
                _ => {}
            }
        }
        match of_glued(&head) {
            // Z-Wave's `KEY_S2_Authenticated`: the noun stands first.
            Class::Unknown if words.len() > 1 && words.first().eq_ignore_ascii_case("key") => {
                Class::Setting
            }
            class => class,
        }
    }

    /// Whether any literal counts.
    pub(super) fn is_strong(self) -> bool {
        self >= Class::Strong
    }

    /// Whether anything at all is expected of the value.
    pub(super) fn is_secret(self) -> bool {
        self >= Class::Setting
    }
}

/// Whether what stands around a `community` is about SNMP; its exporter has `auths`.
pub(super) fn speaks_of_snmp(around: &str) -> bool {
    around
        .split(|byte: char| !byte.is_ascii_alphanumeric())
        .any(|word| {
            word.eq_ignore_ascii_case("snmp")
                || word.eq_ignore_ascii_case("auths")
                || word.eq_ignore_ascii_case("snmpd")
        })
}

/// First words that make a setting of what follows: `enablePassword`, `maxTokens`.
#[rustfmt::skip]
fn is_verb(word: &str) -> bool {
    matches!(
        Lower::of(word).bytes(),
        b"enable" | b"enabled" | b"disable" | b"disabled" | b"use" | b"allow" | b"require"
        | b"requires" | b"required" | b"max" | b"min" | b"skip" | b"generate" | b"num"
        | b"number" | b"count" | b"has" | b"is" | b"no" | b"should" | b"show" | b"hide"
        | b"ignore" | b"create" | b"supported"
    )
}

/// First words of a key whose value is a name, a digest or meant for everyone: `existingSecret`,
/// `checksum/secret`, `publicKey`.
fn names_another(word: &str) -> bool {
    matches!(
        Lower::of(word).bytes(),
        b"existing" | b"checksum" | b"public"
    )
}

/// Words that anywhere in a key make it a reference.
fn is_reference(word: &str) -> bool {
    let is = |known: &str| word.eq_ignore_ascii_case(known);
    match word.len() {
        3 => is("ref"),
        4 => is("refs"),
        8 => is("existing"),
        _ => false,
    }
}

fn of_head(head: &[u8], before: &[u8], words: &Words<'_>) -> Class {
    match head {
        _ if is_foreign(head) => Class::Password,
        // French; `mot de passe`.
        b"passe" if before == b"de" => Class::Password,
        b"password" | b"passwords" | b"passwd" | b"passphrase" | b"passcode" | b"psk"
        | b"requirepass" | b"masterauth" | b"bindpw" | b"rootpw" | b"pwd" => Class::Password,
        // nginx' `proxy_pass` is an address.
        b"pass" | b"pw" => match before {
            b"proxy" | b"fastcgi" | b"uwsgi" | b"scgi" | b"grpc" | b"memcached" | b"by" => {
                Class::Not
            }
            _ => Class::Password,
        },
        // snmpd's own words.
        b"rocommunity" | b"rwcommunity" => Class::Password,
        b"community" => match before {
            b"snmp" | b"ro" | b"rw" | b"read" | b"write" | b"v2" | b"v2c" => Class::Password,
            // Games have communities too: the words around must speak of SNMP.
            _ => Class::Unknown,
        },
        b"apikey" | b"apikeys" | b"authkey" | b"privatekey" | b"masterkey" | b"encryptionkey"
        | b"signingkey" | b"htpasswd" | b"clientsecret" | b"jwtsecret" | b"authtoken"
        | b"apitoken" | b"accesstoken" | b"bottoken" | b"presharedkey" | b"secretaccesskey"
        | b"apisecret" => Class::Strong,
        b"key" | b"keys" => of_key(before, words),
        b"secret" | b"secrets" => match before {
            b"client" | b"jwt" | b"cookie" | b"webhook" | b"consumer" | b"nextauth" | b"api" => {
                Class::Strong
            }
            _ => Class::Opaque,
        },
        b"token" | b"tokens" => match before {
            b"auth" | b"api" | b"access" | b"bot" | b"bearer" | b"refresh" => Class::Strong,
            b"cancel" | b"csrf" | b"max" => Class::Not,
            _ => Class::Opaque,
        },
        b"secretkey" | b"authorization" => Class::Opaque,
        // What spreads hashes is no secret, as of Cilium's Maglev.
        b"seed" if before == b"hash" => Class::Not,
        b"salt" | b"credential" | b"credentials" | b"creds" | b"cookie" | b"seed" | b"claim"
        | b"dsn" | b"pin" | b"license" | b"licence" | b"accesskey" | b"mnemonic" | b"otp"
        | b"totp" => Class::Ambiguous,
        // `user:password`; see `value`.
        b"auth" => match before {
            b"basic" | b"http" => Class::Ambiguous,
            _ => Class::Unknown,
        },
        b"hash" | b"hashes" => match before {
            b"password" | b"passwd" | b"pass" | b"auth" | b"token" => Class::Ambiguous,
            _ => Class::Not,
        },
        b"publickey" | b"pubkey" | b"sitekey" | b"hostkey" => Class::Not,
        _ if is_described(head) => Class::Not,
        _ => Class::Unknown,
    }
}

/// The word for a password in other languages. Only ASCII is in small letters by now.
#[rustfmt::skip]
fn is_foreign(head: &[u8]) -> bool {
    let words = [
        // German, Dutch, Swedish.
        "passwort", "kennwort", "wachtwoord", "losenord", "lösenord", "lÖsenord",
        // Spanish, Portuguese, French, Polish.
        "contrasena", "contraseña", "contraseÑa", "senha", "motdepasse", "haslo", "hasło", "hasŁo",
        // Russian, Chinese, Japanese.
        "пароль", "Пароль", "ПАРОЛЬ", "密码", "密碼", "パスワード",
    ];
    words.iter().any(|word| word.as_bytes() == head)
}

/// The class of a `… key` by the word before it.
fn of_key(before: &[u8], words: &Words<'_>) -> Class {
    match before {
        b"api" | b"private" | b"encryption" | b"encrypt" | b"signing" | b"master"
        | b"preshared" | b"shared" | b"auth" | b"jwt" | b"hmac" => Class::Strong,
        b"access" => match Lower::of(words.back(2)).bytes() {
            b"secret" | b"shared" => Class::Strong,
            _ => Class::Ambiguous,
        },
        b"secret" => Class::Opaque,
        b"license" | b"licence" | b"session" | b"app" | b"account" => Class::Ambiguous,
        b"topology" | b"values" | b"value" | b"password" | b"passwd" | b"username" | b"user"
        | b"token" | b"public" | b"pub" | b"site" | b"sort" | b"primary" | b"foreign"
        | b"cache" | b"partition" | b"group" | b"routing" | b"config" | b"label"
        | b"annotation" | b"map" | b"dict" | b"field" | b"row" | b"index" | b"object"
        | b"property" | b"hot" | b"shortcut" | b"host" | b"hosts" | b"known" | b"authorized"
        | b"idempotency" | b"dedup" | b"lookup" | b"column" | b"query" | b"selector" | b"name"
        | b"email" | b"id" | b"ca" | b"cert" => Class::Not,
        _ => Class::Weak,
    }
}

/// A head that carries its noun without a mark between: `APP_DBPASSWORD`, `SMTPPASS`.
fn of_glued(head: &Lower) -> Class {
    let ends = |tails: &[&str]| tails.iter().any(|tail| head.is_glued(tail.as_bytes()));
    if ends(&[
        "password",
        "passwd",
        "passphrase",
        "requirepass",
        "passwort",
        "kennwort",
        "contrasena",
        "contraseña",
        "motdepasse",
        "wachtwoord",
        "пароль",
        "密码",
        "密碼",
        "パスワード",
    ]) {
        Class::Password
    } else if ends(&["pass"]) {
        match head.bytes() {
            b"bypass" | b"compass" | b"encompass" | b"surpass" | b"trespass" | b"overpass"
            | b"underpass" | b"keepass" | b"gopass" | b"passbypass" => Class::Unknown,
            _ => Class::Password,
        }
    } else if ends(&["dbpw", "userpw", "adminpw", "rootpw", "bindpw", "pwd"]) {
        Class::Password
    } else if ends(&[
        "apikey",
        "authkey",
        "privatekey",
        "encryptionkey",
        "signingkey",
        "masterkey",
        "clientsecret",
        "jwtsecret",
        "authtoken",
        "apitoken",
        "accesstoken",
        "bottoken",
        "presharedkey",
    ]) {
        Class::Strong
    } else if ends(&[
        "publickey",
        "pubkey",
        "sitekey",
        "hostkey",
        "monkey",
        "turkey",
        "hotkey",
    ]) {
        Class::Not
    } else if ends(&["token", "secret", "secretkey"]) {
        Class::Opaque
    } else if ends(&["key"]) {
        Class::Weak
    } else {
        Class::Unknown
    }
}

/// Tails that say something about a secret, or where it is, and never hold it.
#[rustfmt::skip]
fn is_described(head: &[u8]) -> bool {
    matches!(
        head,
        b"name" | b"names" | b"file" | b"files" | b"filename" | b"path" | b"paths" | b"dir"
        | b"directory" | b"folder" | b"url" | b"urls" | b"uri" | b"uris" | b"host" | b"hosts"
        | b"hostname" | b"port" | b"ports" | b"address" | b"endpoint" | b"ttl" | b"expiry"
        | b"expires" | b"expiration" | b"expire" | b"lifetime" | b"lifespan" | b"length" | b"size"
        | b"len" | b"policy" | b"policies" | b"method" | b"methods" | b"mode" | b"type" | b"types"
        | b"kind" | b"enabled" | b"disabled" | b"required" | b"optional" | b"issuer" | b"audience"
        | b"algorithm" | b"alg" | b"algo" | b"env" | b"var" | b"vars" | b"field" | b"fields"
        | b"scope" | b"scopes" | b"namespace" | b"namespaces" | b"template" | b"templates"
        | b"provider" | b"providers" | b"id" | b"ids" | b"count" | b"max" | b"min" | b"limit"
        | b"limits" | b"domain" | b"domains" | b"selector" | b"cert" | b"certs" | b"certificate"
        | b"ca" | b"crt" | b"pub" | b"options" | b"option" | b"config" | b"configuration"
        | b"settings" | b"rotation" | b"rotate" | b"rate" | b"budget" | b"label" | b"labels"
        | b"annotation" | b"annotations" | b"prefix" | b"suffix" | b"format" | b"header"
        | b"headers" | b"version" | b"interval" | b"timeout" | b"period" | b"duration" | b"age"
        | b"days" | b"hours" | b"minutes" | b"seconds" | b"mount" | b"mounts" | b"volume"
        | b"secure" | b"samesite" | b"httponly" | b"user" | b"users" | b"username" | b"login"
        | b"email" | b"role" | b"roles" | b"groups" | b"attribute" | b"claims" | b"location"
        | b"source" | b"store" | b"manager" | b"backend" | b"engine" | b"driver" | b"strategy"
        | b"level" | b"status" | b"state" | b"hint" | b"prompt" | b"message" | b"description"
        | b"text" | b"title" | b"placeholder" | b"pattern" | b"regex" | b"rule" | b"rules"
        | b"requirements" | b"complexity" | b"strength" | b"history" | b"reset" | b"change"
        | b"cache" | b"reload" | b"reloader" | b"sync" | b"rounds" | b"cost" | b"iterations"
        | b"bits" | b"curve" | b"encoding" | b"usage" | b"command" | b"cmd" | b"script" | b"hook"
        | b"tag" | b"image" | b"registry" | b"repository" | b"lookup" | b"validation" | b"schema"
        | b"table" | b"mapping" | b"requests" | b"grant" | b"flow" | b"generator" | b"service"
        | b"storage" | b"class" | b"fingerprint" | b"thumbprint" | b"sha" | b"digest" | b"checksum" | b"commit" | b"revision" | b"derivation" | b"checker" | b"autocomplete" | b"login_url"
    )
}
