//! Known token formats, as data: the prefixes that vendors document for their credentials.

/// The bytes of a token after its prefix.
#[derive(Clone, Copy)]
pub(super) enum Body {
    /// Letters and digits.
    Alnum,
    /// Letters, digits, `_` and `-`.
    Word,
    /// As a word, with dots.
    Dotted,
    /// Base64 in either alphabet.
    Base64,
}

impl Body {
    /// Whether `byte` can be in such a token.
    pub(super) fn has(self, byte: u8) -> bool {
        byte.is_ascii_alphanumeric()
            || match self {
                Body::Alnum => false,
                Body::Word => matches!(byte, b'_' | b'-'),
                Body::Dotted => matches!(byte, b'_' | b'-' | b'.'),
                Body::Base64 => matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-'),
            }
    }
}

/// One format.
pub(super) struct Format {
    /// How the token begins, in its own case.
    pub(super) prefix: &'static str,
    /// The fewest bytes after the prefix.
    pub(super) shortest: usize,
    /// What they are.
    pub(super) body: Body,
    /// What it is, to complete "holds …".
    pub(super) what: &'static str,
}

const fn format(prefix: &'static str, shortest: usize, body: Body, what: &'static str) -> Format {
    Format {
        prefix,
        shortest,
        body,
        what,
    }
}

/// All of them. Two formats never share a prefix, and the longest prefix wins.
pub(super) static FORMATS: &[Format] = &[
    format("AGE-SECRET-KEY-1", 50, Body::Alnum, "an age secret key"),
    format("ghp_", 30, Body::Alnum, "a GitHub personal access token"),
    format("gho_", 30, Body::Alnum, "a GitHub OAuth token"),
    format("ghu_", 30, Body::Alnum, "a GitHub user token"),
    format("ghs_", 30, Body::Alnum, "a GitHub server token"),
    format("ghr_", 30, Body::Alnum, "a GitHub refresh token"),
    format("github_pat_", 40, Body::Word, "a GitHub fine-grained token"),
    format("glpat-", 18, Body::Dotted, "a GitLab personal access token"),
    format("gldt-", 18, Body::Word, "a GitLab deploy token"),
    format("glrt-", 18, Body::Dotted, "a GitLab runner token"),
    format("glptt-", 30, Body::Word, "a GitLab trigger token"),
    format("glsoat-", 18, Body::Word, "a GitLab SCIM token"),
    format("glcbt-", 18, Body::Word, "a GitLab job token"),
    format("glagent-", 30, Body::Word, "a GitLab agent token"),
    format("glft-", 18, Body::Word, "a GitLab feed token"),
    format("gloas-", 30, Body::Word, "a GitLab OAuth secret"),
    format(
        "GR1348941",
        18,
        Body::Word,
        "a GitLab runner registration token",
    ),
    format("xoxb-", 20, Body::Word, "a Slack bot token"),
    format("xoxp-", 20, Body::Word, "a Slack user token"),
    format("xoxa-", 20, Body::Word, "a Slack app token"),
    format("xoxr-", 20, Body::Word, "a Slack refresh token"),
    format("xoxs-", 20, Body::Word, "a Slack session token"),
    format("xoxe-", 20, Body::Word, "a Slack rotation token"),
    format("xoxe.xox", 20, Body::Word, "a Slack rotation token"),
    format("xapp-", 20, Body::Word, "a Slack app-level token"),
    format("sk-proj-", 30, Body::Word, "an OpenAI project key"),
    format(
        "sk-svcacct-",
        30,
        Body::Word,
        "an OpenAI service account key",
    ),
    format("sk-admin-", 30, Body::Word, "an OpenAI admin key"),
    format("sk-ant-", 30, Body::Word, "an Anthropic key"),
    format("sk-or-v1-", 30, Body::Word, "an OpenRouter key"),
    format("sk-", 32, Body::Word, "an API key"),
    format("sk_live_", 20, Body::Word, "a Stripe secret key"),
    format("sk_test_", 20, Body::Word, "a Stripe test key"),
    format("rk_live_", 20, Body::Word, "a Stripe restricted key"),
    format("sk_", 40, Body::Alnum, "an API key"),
    format("whsec_", 24, Body::Base64, "a webhook signing secret"),
    format("tskey-", 16, Body::Word, "a Tailscale key"),
    format("hskey-", 20, Body::Word, "a Headscale key"),
    format("claim-", 18, Body::Word, "a Plex claim token"),
    format("hf_", 30, Body::Alnum, "a Hugging Face token"),
    format(
        "api_org_",
        30,
        Body::Alnum,
        "a Hugging Face organization token",
    ),
    format("npm_", 32, Body::Alnum, "an npm token"),
    format("pypi-", 60, Body::Word, "a PyPI token"),
    format("rubygems_", 40, Body::Alnum, "a RubyGems key"),
    format("dckr_pat_", 24, Body::Word, "a Docker Hub token"),
    format("dckr_oat_", 24, Body::Word, "a Docker organization token"),
    format("dop_v1_", 60, Body::Alnum, "a DigitalOcean token"),
    format("doo_v1_", 60, Body::Alnum, "a DigitalOcean OAuth token"),
    format("dor_v1_", 60, Body::Alnum, "a DigitalOcean refresh token"),
    format("SG.", 60, Body::Dotted, "a SendGrid key"),
    format("xkeysib-", 60, Body::Word, "a Brevo key"),
    format("xsmtpsib-", 60, Body::Word, "a Brevo SMTP key"),
    format("AKIA", 16, Body::Alnum, "an AWS access key"),
    format("ASIA", 16, Body::Alnum, "an AWS temporary key"),
    format("AIza", 35, Body::Word, "a Google API key"),
    format("GOCSPX-", 24, Body::Word, "a Google OAuth client secret"),
    format("ya29.", 30, Body::Word, "a Google OAuth token"),
    format("dapi", 32, Body::Alnum, "a Databricks token"),
    format("hvs.", 24, Body::Word, "a Vault token"),
    format("hvb.", 24, Body::Word, "a Vault batch token"),
    format("hvr.", 24, Body::Word, "a Vault recovery token"),
    format("glsa_", 36, Body::Word, "a Grafana service account token"),
    format("glc_", 32, Body::Base64, "a Grafana Cloud token"),
    format("NRAK-", 24, Body::Alnum, "a New Relic key"),
    format("NRII-", 24, Body::Word, "a New Relic insert key"),
    format("sntrys_", 40, Body::Base64, "a Sentry token"),
    format("sntryu_", 40, Body::Alnum, "a Sentry user token"),
    format("lin_api_", 32, Body::Alnum, "a Linear key"),
    format("ntn_", 40, Body::Alnum, "a Notion token"),
    format("secret_", 40, Body::Alnum, "a Notion token"),
    format("dp.pt.", 36, Body::Alnum, "a Doppler token"),
    format("dp.st.", 36, Body::Dotted, "a Doppler service token"),
    format(
        "ops_eyJ",
        60,
        Body::Base64,
        "a 1Password service account token",
    ),
    format("pul-", 40, Body::Alnum, "a Pulumi token"),
    format("fo1_", 40, Body::Word, "a Fly.io token"),
    format("fm2_", 60, Body::Base64, "a Fly.io token"),
    format("shpat_", 32, Body::Alnum, "a Shopify token"),
    format("shpss_", 32, Body::Alnum, "a Shopify secret"),
    format("sbp_", 36, Body::Alnum, "a Supabase token"),
    format("sb_secret_", 24, Body::Word, "a Supabase secret key"),
    format("pscale_tkn_", 32, Body::Dotted, "a PlanetScale token"),
    format("pscale_pw_", 32, Body::Dotted, "a PlanetScale password"),
    format("PMAK-", 40, Body::Word, "a Postman key"),
    format("ATATT3", 60, Body::Base64, "an Atlassian token"),
    format("ATBB", 28, Body::Alnum, "a Bitbucket app password"),
    format("nfp_", 36, Body::Alnum, "a Netlify token"),
    format("rnd_", 28, Body::Alnum, "a Render key"),
    format("r8_", 36, Body::Alnum, "a Replicate token"),
    format("gsk_", 40, Body::Alnum, "a Groq key"),
    format("xai-", 40, Body::Alnum, "an xAI key"),
    format("pplx-", 40, Body::Alnum, "a Perplexity key"),
    format("tk_", 29, Body::Alnum, "an ntfy token"),
    format("figd_", 36, Body::Word, "a Figma token"),
    format("bkua_", 36, Body::Alnum, "a Buildkite token"),
    format("CCIPAT_", 40, Body::Word, "a CircleCI token"),
    format("sgp_", 36, Body::Word, "a Sourcegraph token"),
    format("nbp_", 32, Body::Alnum, "a NetBird token"),
    format("lsv2_pt_", 32, Body::Word, "a LangSmith key"),
    format("lsv2_sk_", 32, Body::Word, "a LangSmith service key"),
    format("re_", 24, Body::Word, "a Resend key"),
    format("aio_", 26, Body::Alnum, "an Adafruit IO key"),
    format("pnu_", 32, Body::Alnum, "a Prefect key"),
    format("CFPAT-", 40, Body::Word, "a Contentful token"),
    format("dt0c01.", 60, Body::Dotted, "a Dynatrace token"),
    format("HRKU-", 30, Body::Word, "a Heroku key"),
    format("pat-na1-", 30, Body::Word, "a HubSpot token"),
    format("shippo_live_", 36, Body::Alnum, "a Shippo token"),
    format("sha256~", 40, Body::Word, "an OpenShift token"),
    format("key-", 32, Body::Alnum, "a Mailgun key"),
    format("sk.eyJ", 40, Body::Dotted, "a Mapbox secret token"),
    format("oauth:", 28, Body::Alnum, "a Twitch token"),
    format("cio", 32, Body::Alnum, "a crates.io token"),
    format("nvapi-", 40, Body::Word, "an NVIDIA key"),
    format("tvly-", 28, Body::Word, "a Tavily key"),
    format("fc-", 32, Body::Alnum, "a Firecrawl key"),
    format("jina_", 40, Body::Word, "a Jina key"),
    format("phc_", 40, Body::Alnum, "a PostHog key"),
    format("phx_", 40, Body::Alnum, "a PostHog personal key"),
    format("ddp_", 32, Body::Alnum, "a Datadog key"),
    format("EAACEdEose0cBA", 20, Body::Alnum, "a Facebook token"),
    format("AQVN", 34, Body::Word, "a Yandex Cloud key"),
    format("1//0", 40, Body::Word, "a Google refresh token"),
    format(
        "hooks.slack.com/services/",
        30,
        Body::Base64,
        "a Slack webhook",
    ),
    format(
        "hooks.slack.com/workflows/",
        30,
        Body::Base64,
        "a Slack workflow webhook",
    ),
    format(
        "discord.com/api/webhooks/",
        60,
        Body::Base64,
        "a Discord webhook",
    ),
    format(
        "discordapp.com/api/webhooks/",
        60,
        Body::Base64,
        "a Discord webhook",
    ),
    format(
        "webhook.office.com/webhookb2/",
        60,
        Body::Base64,
        "a Teams webhook",
    ),
    format(
        "hooks.zapier.com/hooks/catch/",
        12,
        Body::Base64,
        "a Zapier webhook",
    ),
    format("maker.ifttt.com/use/", 20, Body::Word, "an IFTTT key"),
];
