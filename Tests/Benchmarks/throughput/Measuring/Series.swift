/// What is measured again and again.
enum Series: String, CaseIterable, Sendable {
    // Floors
    case broker, httpBatch, httpSingle, storeOne, storeTwo, together, smtp, smtpLarge
    case confirmDelay, storeShallow, storeDeep, flipsBareOne, flipsBareTwo, entriesBare, stepsBare, drainSteady
    case wholeSteady, deliveryBare, relayed, mailsByPython, paceSet
    // Subjects
    case edgeBatch, edgeSingle, edgeDelay, scoring, repeats, endToEnd, mails, engine
    case scoringOneRule, scoringManyRules, scoringShallow, scoringDeep, flipsOne, flipsTwo, backfillBusy, backfillAlone
    case broadcast, steps, firedShallow, firedDeep, drained, soakFirst, soakLast
    case wholeDrained, delivered, paced, pacedStalled

    var isFloor: Bool { Self.floors.contains(self) }

    private static let floors: Set<Series> = [
        .broker, .httpBatch, .httpSingle, .storeOne, .storeTwo, .together, .smtp, .smtpLarge, .confirmDelay,
        .storeShallow, .storeDeep, .flipsBareOne, .flipsBareTwo, .entriesBare, .stepsBare, .deliveryBare, .relayed,
        .mailsByPython,
    ]

    /// Whether it is no rate that counts, but the time of the slowest of a hundred.
    var isDelay: Bool { self == .confirmDelay || self == .edgeDelay }

    /// One item of it.
    var unit: String {
        switch self {
        case .httpSingle, .edgeSingle, .edgeDelay: "request"
        case .confirmDelay: "body"
        case .smtp, .smtpLarge, .mails, .engine, .wholeDrained, .wholeSteady, .delivered, .deliveryBare,
            .relayed, .mailsByPython, .paceSet, .paced, .pacedStalled:
            "mail"
        case .flipsBareOne, .flipsBareTwo, .flipsOne, .flipsTwo: "flip"
        case .backfillBusy, .backfillAlone: "contact"
        case .entriesBare, .broadcast: "member"
        case .stepsBare, .steps: "step"
        case .firedShallow, .firedDeep, .drained, .drainSteady, .soakFirst, .soakLast: "timer"
        default: "event"
        }
    }

    /// In words that a stranger understands.
    var meaning: String {
        switch self {
        case .broker: "bare broker: the same bytes published to a quorum queue and confirmed, nothing else"
        case .httpBatch: "bare HTTP: the same requests of 100 events, collected and answered 200, nothing else"
        case .httpSingle: "bare HTTP: the same requests of one event, collected and answered 200, nothing else"
        case .storeOne: "bare SQL: the same rows and points in transactions of 1,000, on one connection"
        case .storeTwo: "the same bare SQL on two connections"
        case .together: "bare HTTP, bare broker and bare SQL for the same events, all at once on this machine"
        case .smtp: "bare SMTP: ready-made mails of the same size to the same catcher"
        case .smtpLarge: "bare SMTP: ready-made mails of 20 KB to the same server"
        case .edgeBatch: "ingest alone: HTTP requests of 100 events, answered once the broker has confirmed them"
        case .edgeSingle: "ingest alone: HTTP requests of one event, answered once the broker has confirmed it"
        case .edgeDelay: "from when a request of one event was due to its answer, at half of the edge's rate: p99"
        case .confirmDelay: "bare broker: from when a body of one event was due to its confirm, at the same rate: p99"
        case .scoring: "scoring alone: events from the queue to committed rows, points and stages"
        case .repeats: "scoring alone: events that were all stored before"
        case .endToEnd: "from the first HTTP request to the last committed row, points and stages included"
        case .mails: "from the first HTTP request, an order each, to the last mail at the catcher"
        case .storeShallow: "bare SQL on two connections, in the cluster's own tables with 10,000 contacts"
        case .storeDeep: "the same with a million contacts and twenty million events"
        case .scoringOneRule: "scoring alone: a workspace with one point rule and one segment"
        case .scoringManyRules: "the same with fifty point rules and fifty segments"
        case .scoringShallow: "scoring alone, two processes: with 10,000 contacts in the store"
        case .scoringDeep: "the same with a million contacts and twenty million events"
        case .flipsBareOne: "bare SQL: the same moves, memberships and wakes by thousands, on one connection"
        case .flipsBareTwo: "the same bare SQL on two connections"
        case .flipsOne: "people who are due at once enter a segment, by one scoring process; must 10,000"
        case .flipsTwo: "the same by two scoring processes; must 10,000"
        case .backfillBusy: "contacts that new definitions have reached, while events come in at half load"
        case .backfillAlone: "the same with nothing besides"
        case .entriesBare: "bare SQL: the same locks, runs, decisions and messages by five hundreds, on one connection"
        case .broadcast: "one scheduler alone: from when a broadcast begins to when its last member has entered"
        case .stepsBare:
            "bare SQL: the same locks, timers, runs, decisions and messages by five hundreds, on one connection"
        case .steps: "one scheduler alone: runs whose waits are over, a third to an e-mail, a wait and a branch each"
        case .firedShallow: "one scheduler alone: timers that are due at once, with few pending besides"
        case .firedDeep: "the same with many pending"
        case .soakFirst: "the same in the first minute of ten"
        case .soakLast: "the same in the last minute of ten"
        case .drained: "timers that fell due while schedulers were away, once they are back"
        case .drainSteady: "the rate of those that are due at once, with as many pending"
        case .wholeDrained: "mails of orders that came while everything behind the edge stood still, once it is back"
        case .wholeSteady: "the rate of orders to mails without an outage"
        case .deliveryBare: "what handing over such mails and RSA signatures cost by themselves, on all cores"
        case .relayed: "Postfix and OpenDKIM: ready-made mails of 20 KB queued, signed and handed on to it"
        case .mailsByPython: "the same in Python, unsigned, with pgqueuer, psycopg, Jinja2 and aiosmtplib"
        case .delivered: "mails of 20 KB that stand planned: gated, composed, signed, handed over, recorded and told of"
        case .paceSet: "what the definitions let go to all sites together, so many a minute to each"
        case .paced: "by two mailers: mails handed over in whole minutes, while mails to each site are left"
        case .pacedStalled: "the same to the same sites, while one more answers nothing"
        case .engine: "our SMTP connections alone: ready-made mails of 20 KB"
        }
    }
}
