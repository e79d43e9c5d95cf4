import Patterns

/// What receivers say, in the words that they use: patterns of RE2, tried on one line of text in lower case.
///
/// The words are those of widespread servers (Postfix, Exim, Sendmail, qmail, Exchange, Domino, OpenSMTPD) and of large
/// providers; a status code, where there is one, has been heeded before.
struct Phrases: Sendable {
    private let patterns: [LinearPattern]

    private init(_ patterns: [String]) {
        self.patterns = patterns.map { pattern in
            guard let compiled = try? LinearPattern(pattern) else {
                preconditionFailure("a pattern is wrong: \(pattern)")
            }
            return compiled
        }
    }

    func occur(in text: ByteText) -> Bool { patterns.contains { $0.matches(text.lower) } }

    /// What words speak of, and whether they leave no doubt.
    struct Meaning: Equatable {
        let `class`: Bounce.Class
        let isFirm: Bool
    }

    /// What the words speak of; the first that is certain.
    static func meaning(of text: ByteText) -> Meaning? { meanings.first { $0.phrases.occur(in: text) }?.meaning }

    private static let meanings: [(meaning: Meaning, phrases: Phrases)] = [
        (Meaning(class: .mailbox, isFirm: true), mailbox), (Meaning(class: .content, isFirm: true), content),
        (Meaning(class: .policy, isFirm: true), firmPolicy), (Meaning(class: .invalid, isFirm: true), invalid),
        (Meaning(class: .policy, isFirm: false), policy),
    ]

    private static let mailbox = Phrases([
        #"box (is )?(too )?(full|large|exceed)"#,
        #"(over|exceed\w*|out of).{0,40}(quota|storage|disk|mailbox|allocat)"#,
        #"quota.{0,30}(exceed|full|reach|over)"#,
        #"insufficient (disk )?(storage|space|quota)|not enough (storage )?space|too much mail"#,
        #"mail(box|folder) (size )?(limit|quota)|is full\b|account is over|inbox .{0,30}full|user.{0,20}over.{0,5}quota"#,
        #"maildir.{0,30}(over|full)|mailbox.{0,30}(disabled|inactive|suspend|locked|frozen)"#,
        #"(account|user|mailbox|recipient).{0,40}(disabled|inactive|suspend|deactivat|expired|closed|been locked|restricted|paused)"#,
    ])

    private static let content = Phrases([
        #"spam|virus|malware|infected|phish|unsolicited|junk|suspicious"#,
        #"message (size )?(is )?(too (large|big)|exceeds)|size (limit )?exceed|exceeds .{0,30}size|too (big|large)"#,
        #"content (reject|denied|filter|scan|not)|banned (file|name|content)|blocked by .{0,30}content|executable|attachment"#,
        #"(message|mail|e-?mail).{0,40}(rejected|refused|blocked).{0,40}content"#,
        #"message (was )?(rejected|refused) (due to|because of|by|as)"#,
        #"invalid header|header.{0,30}(rfc|missing|invalid)|not (rfc|compliant)|bare (lf|newline)|improper"#,
        #"conversion|8.?bit|url.{0,20}(black|block)"#,
    ])

    /// What decides even where a recipient is spoken of.
    static let firmPolicy = Phrases([
        #"\bspf\b|\bdkim\b|\bdmarc\b|sender policy|block ?list|black.?list|\brbl\b|dnsbl|spamhaus|spamcop|barracuda|sorbs"#,
        #"reputation|\bptr\b|reverse (dns|lookup)|rdns|relay(ing)? (access )?(denied|not|prohib)|unable to relay"#,
        #"too many (recipients|messages|mail|errors|concurrent)|rate limit|exceeded.{0,30}(rate|connections)"#,
        #"domain of sender|(unroute?able )?sender (address|verify|rejected|denied)|client host|helo|access denied|banned"#,
    ])

    private static let invalid = Phrases([
        #"user (is )?unknown|unknown (user|recipient|address|mailbox|local|rcpt)|is unknown|undeliverable address"#,
        #"no such (user|address|mailbox|recipient|person|domain|account|local)|no (mailbox|user|account)\b"#,
        #"(user|recipient|mailbox|address|account|destination|domain|host|addressee|receiver|e-?mail)[^;]{0,50}(not (be )?found|unknown|does ?n[o']t exist|not exist|doesn't|invalid|is not (a )?(valid|known|local)|not listed|not here|unavailable|no longer|disabled|undeliverable|not reachable)"#,
        #"(invalid|bad|nonexist\w*|non-exist\w*|illegal|incorrect|inactive)[^.\n]{0,15} (user|recipient|mailbox|address|account|destination|host|domain)"#,
        #"not (a )?(valid|known|local) (user|recipient|mailbox|address|account)|isn't in my|no smtp service"#,
        #"(unknown|unrouteable) (host|domain)|host (or domain name )?(unknown|not found)|name or service not known|unrout[e]?able|(can't|cannot) (find|resolve|route)"#,
        #"has moved|no mx|null ?mx|doesn't (have|exist)|not listed in|local user only|not our customer"#,
        #"n'existe pas|inconnu|nicht bekannt|unbekannt|no existe|desconocid|onbekend"#,
    ])

    private static let policy = Phrases([
        #"authenticat|policy|not (allowed|permitted|authori[sz]ed|accept)|access (denied|not)|denied|forbidden|prohibit"#,
        #"\btls\b|starttls|encrypt|permission|refused|rejected|banned|blocked|restricted|unauthori|not in .{0,20}whitelist"#,
        #"do(es)? not accept|exceeded.{0,30}limit"#,
    ])

    /// What passes by itself.
    static let passing = Phrases([
        #"gr[ae]y.?list|try (again|later)|temporar|deferred|delay|too many connections|too busy|resources"#,
        #"connection (timed out|refused|reset|dropped|lost|closed)|(could not|unable to|cannot) connect|no route to host"#,
        #"(host|network) (is )?(unreachable|down|not reachable)|lost connection|timed? ?out|conversation with|name server"#,
        #"loop|too many hops|queue too long|retry time|expired|not yet been delivered|undeliver(ed|able) for"#,
        #"could not be delivered for|within .{0,20}(days|hours)|(system|service) (is )?(un|not )available|out of memory"#,
        #"insufficient system|disk (space|full)|exceeded the max"#,
    ])

    /// What a server says that will try again by itself.
    static let tryingOn = Phrases([
        #"will (be retried|keep|continue)|still (being|trying)|not (yet )?been delivered|no action is required"#,
        #"do not need to re-?send|delayed|deferred|temporary (failure|problem)"#,
    ])

    /// Subjects of mails that programs send for people who are away.
    static let awaySubjects = Phrases([
        #"^(re: *)?auto(matic|mated)?[- ]?(reply|response|answer)|^(re: *)?auto(reply|:)|^(re: *)?out of (the )?office"#,
        #"^(re: *)?(away|vacation|abwesen|afwezig|r.{1,3}ponse automatique|i am out|on holiday|i'm out)"#,
    ])

    /// Subjects of reports on delivery.
    static let reportSubjects = Phrases([
        #"deliver|fail|returned|bounce|unzustellbar|onbestelbaar|non remis|rejected|daemon|could ?n.t|unable to"#,
        #"permanent error|unknown|mailbox|no such|doesn.t exist|\b5\d\d[ -]|error|warning|expired|not reach"#,
    ])

    /// What is said of a recipient where something went wrong.
    static let deliveryWords = Phrases([#"rcpt to:|recipient|address|user|mailbox|deliver"#])

    /// Lines with which the copy of the mail begins that a report is about.
    static let copyLines = Phrases([
        #"^[ >]*-{2,}.*(original|below this line|copy of|returned|unsent|message (header|text|follows)|undelivered|headers? follow|rejected message|body of|forwarded)"#,
        #"^[ >]*(\*{3,} *original|---- begin |received: (from|by|\()|return-path: *<|message-id: *<|x-[a-z-]+: |content-type: *message/)"#,
        #"(original message follows|original message headers?:?|headers? of the (original )?message|original mail as follows)"#,
        #"copy of (the|your) message.*(follows|below|includ)|(message header|unsent message|returned message|received message) follows"#,
        #"the following is the original|below is a copy|the (first|beginning).*lines? of|message (headers? )?follow"#,
        #"^[ >]*(original message:?|header:|\[?message header\]?.*)\s*$"#,
    ])

    /// What stands before an address that something is said of, from the beginning of its line.
    static let introductions = Phrases([
        #"^[ \t>*]*(<|smtp;|rfc822;|"|'|to:?|recipient:?|address:?|user:?|failed:?)?[ \t]*<?$"#,
        #"(rcpt to:? ?<?|recipient(\(s\))?[^\n]{0,20}[:<]? ?<?|\b(to|for) <?|address\w*:? ?<?|\.{3} ?|user:? ?<?)$"#,
    ])
}
