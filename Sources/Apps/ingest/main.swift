import Ingestion
import Links
import MailReception
import Messaging
import Outbound
import Postgres
import ServiceLifecycle
import ServiceRuntime
import Store
import Transit

struct IngestSettings {
    let worker: Worker.Settings
    let listen: ListenAddress
    let secrets: [LinkSecret]
    /// Where mail that comes back is taken; nil: nowhere.
    let returns: ListenAddress?
    /// By what it offers STARTTLS there; nil: it does not.
    let returnsTLS: ReceptionTLS?
    let mailName: String
    /// Who tells of mails that they deliver for us, by name.
    let providers: [String: WebhookVerifier]
    let buffer: Int
    let addressRate: Int
    let proxies: TrustedProxies
    /// `host:port` of sources of live content that may be private and without TLS.
    let sourceHosts: Set<String>
    var edge = EdgeSettings()

    init(_ reader: inout SettingsReader) {
        worker = Worker.Settings(&reader)
        listen = reader.listen(
            "LOODS_LISTEN", default: "127.0.0.1:8080",
            meaning:
                "Where the event API, clicks, opens and unsubscribe pages are served; port 0 lets the system choose.")
        returns = reader.optional(
            "LOODS_RETURNS_LISTEN", type: "host:port", defaultText: "none",
            expectation: "an address such as 0.0.0.0:2525",
            meaning:
                "Where mail that comes back is taken by SMTP, for the bounce hosts of sending domains; port 0 lets the system choose.",
            parse: ListenAddress.init)
        returnsTLS = Self.returnsTLS(&reader)
        mailName = reader.string(
            "LOODS_HELO", default: Host.name,
            meaning: "The name by which mail servers are greeted: this host's, as DNS knows it.")
        providers =
            reader.optional(
                "LOODS_PROVIDER_SECRETS", type: "secret", range: "NAME:whsec_base64, parted by spaces or commas",
                defaultText: "none", expectation: "a list of NAME:whsec_base64, the secrets of 16 bytes or more",
                meaning:
                    "Who may tell at /v1/returns/NAME what has become of mails, signed as Standard Webhooks says it; a name may stand twice while its secret is changed.",
                isSecret: true, parse: Self.providers) ?? [:]
        buffer = reader.int(
            "LOODS_EVENT_BUFFER_MB", in: 1...4_000, default: 64, unit: "MB",
            meaning: "Events held in memory until RabbitMQ has them; more are answered 503.")
        secrets =
            reader.required(
                "LOODS_LINK_SECRET", type: "secret",
                range: "one or two id:base64, the first signs, 16 bytes or more each",
                example: "k1:$(openssl rand -base64 32)",
                expectation: "one or two entries id:base64 of 16 bytes or more",
                meaning: "Signs the links in mails; the same in ingest and mailer.", isSecret: true,
                parse: LinkSecret.list
            ) ?? []
        addressRate = reader.int(
            "LOODS_ADDRESS_RATE", in: 0...1_000_000, default: 500, unit: "requests a second",
            meaning:
                "What one address (IPv6: one /64) may send with public keys or without a valid one, over all ingest processes; 0: as many as come."
        )
        proxies =
            reader.optional(
                "LOODS_TRUSTED_PROXIES", type: "addresses", defaultText: "none",
                expectation: "a list of addresses and networks, such as 10.0.0.0/8, 2001:db8::1",
                meaning: "The proxies whose X-Forwarded-For is believed.", parse: TrustedProxies.init
            ) ?? .none
        edge.origins =
            reader.optional(
                "LOODS_CORS_ORIGINS", type: "origins", defaultText: "*",
                expectation: "* or a list of origins, such as https://shop.example",
                meaning: "The sites whose pages may call the event API and post forms from scripts.",
                parse: AllowedOrigins.init) ?? .all
        sourceHosts =
            reader.optional(
                "LOODS_LIVE_ALLOW", type: "list", range: "host:port, parted by commas", defaultText: "none",
                expectation: "a list of host:port, parted by commas",
                meaning:
                    "Sources of what mails show when they are opened that may be private, without TLS, or on a port other than 443.",
                parse: OutboundClient.hosts) ?? []
        edge.clients = Self.clients(&reader)
        let formRate = reader.int(
            "LOODS_FORM_RATE", in: 0...1_000_000, default: 5, unit: "forms a second",
            meaning:
                "What one address (IPv6: one /64) may post to forms, over all ingest processes; 0: as many as come.")
        edge.formRate = formRate == 0 ? nil : formRate
        edge.downloads = reader.string(
            "LOODS_DOWNLOADS",
            meaning: "The folder of gated files, WORKSPACE/FILE in it; without it no files are served.")
        edge.publicURL = reader.optional(
            "LOODS_PUBLIC_URL", type: "URL", defaultText: "as the request says", expectation: "an http or https URL",
            meaning: "Where ingest is reached from outside, for links to downloads."
        ) { text in
            guard ["http://", "https://"].contains(where: text.hasPrefix) else { return nil }
            return text.hasSuffix("/") ? String(text.dropLast()) : text
        }
    }

    private static func returnsTLS(_ reader: inout SettingsReader) -> ReceptionTLS? {
        let (certificateName, keyName) = ("LOODS_RETURNS_CERTIFICATE", "LOODS_RETURNS_KEY")
        let certificate = reader.pemFile(
            certificateName, with: "a certificate",
            meaning:
                "The certificate of LOODS_HELO with those that vouch for it, by which mail that comes back may come by STARTTLS; read at the start."
        )
        let key = reader.pemFile(keyName, with: "a private key", meaning: "The key of LOODS_RETURNS_CERTIFICATE.")
        guard let certificate, let key else {
            if certificate != nil { reader.check(keyName) { "missing: the key of \(certificateName)" } }
            if key != nil { reader.check(certificateName) { "missing: the certificate of \(keyName)" } }
            return nil
        }
        var tls: ReceptionTLS?
        reader.check(keyName) {
            do throws(ReceptionTLS.Fault) { tls = try ReceptionTLS(certificate: certificate, key: key) } catch {
                return error.description
            }
            return nil
        }
        return tls
    }

    private static func providers(_ text: String) -> [String: WebhookVerifier]? {
        var secrets: [String: [String]] = [:]
        for entry in text.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
            let parts = entry.split(separator: ":", maxSplits: 1).map(String.init)
            guard parts.count == 2, (1...64).contains(parts[0].utf8.count),
                parts[0].allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) })
            else { return nil }
            secrets[parts[0], default: []].append(parts[1])
        }
        let verifiers = secrets.compactMapValues { WebhookVerifier(secrets: $0) }
        return verifiers.count == secrets.count ? verifiers : nil
    }

    /// What is made of user agents and addresses.
    private static func clients(_ reader: inout SettingsReader) -> ClientFacts {
        let words = ClientFacts.Bots.allCases.map(\.rawValue)
        let bots = reader.choice(
            "LOODS_BOTS", of: words, default: ClientFacts.Bots.mark.rawValue,
            meaning:
                "Events of robots: kept with context.bot (and as nobody's where they come with a public key and name no user), or rejected where they come with a public key."
        )
        let rules = reader.file(
            "LOODS_BOT_LIST", with: "patterns", defaultText: "Loods' own",
            meaning: "Which user agents are robots': a JSON array of objects with a pattern, or a pattern a line."
        ) { BotRules.list(Array($0.utf8)) }
        let places = reader.optional(
            "LOODS_GEOIP_FILE", type: "file", defaultText: "none", expectation: "a file in MaxMind's format",
            meaning: "Gives events a country, region, city and time zone (context.location) by the sender's address."
        ) { PlaceDatabase(path: $0) }
        return ClientFacts(bots: ClientFacts.Bots(rawValue: bots) ?? .mark, rules: rules, places: places)
    }
}

await ServiceMain.run(
    name: "ingest", about: "the public edge: takes events, clicks, opens and withdrawals over HTTP",
    settings: { reader in IngestSettings(&reader) },
    services: { settings, context in
        // The edge writes few outbox rows; the workers sweep them.
        let worker = try Worker(settings.worker, context, sweeps: false)
        let signer = try LinkSigner(secrets: settings.secrets)
        // A connection of its own, and senders who do not wait for long.
        let publisher = Publisher(worker.broker, logger: context.logger, timeout: .seconds(5))
        worker.registerEdge(in: context.readiness, publisher: publisher)
        let pool = worker.pool
        let keys = KeyRing { hash in
            // All of it within two seconds: a server that is silent must not hold a request that has a known key.
            try await pool.withConnection(within: .seconds(2)) { try Keys.find(hash: hash, in: $0) }
        }
        let shared = SharedLimits(pool: pool, clock: worker.clock, logger: context.logger)
        let gate = Gatekeeper(
            shared: shared, addressRate: settings.addressRate == 0 ? nil : settings.addressRate,
            proxies: settings.proxies, logger: context.logger)
        let stamp = worker.clockMode == .stepped ? SteppedStamp(pool: pool, clock: worker.clock) : nil
        var limits = EventGroups.Limits()
        limits.held = settings.buffer * 1_000_000
        let groups = EventGroups(
            sink: BrokerEventSink(publisher), stamp: stamp, clock: worker.clock, limits: limits, logger: context.logger)
        let desk = WithdrawalDesk(
            pool: pool, publisher: publisher, relay: worker.relay, mode: worker.clockMode, clock: worker.clock,
            logger: context.logger)
        let cache = DefinitionsCache()
        var edgeSettings = settings.edge
        edgeSettings.definitions = LiveDefinitions { id in
            try await pool.withConnection(within: .seconds(2)) { session in
                let revision = try WorkspaceRegister.revisions(of: [id], in: session)[id] ?? 0
                return revision == 0 ? nil : try cache.workspace(id, revision: revision, in: session)
            }
        }
        let outbound = OutboundClient(allowing: settings.sourceHosts)
        edgeSettings.sources = LiveSources(client: outbound)
        edgeSettings.consents = ConsentLookup(pool: pool)
        edgeSettings.siteMessages = SiteMessages(pool: pool, definitions: cache)
        let clicks = ClickDesk(groups: groups, waits: worker.clockMode != .stepped)
        edgeSettings.clicks = clicks
        let counts = CountDesk(pool: pool, logger: context.logger)
        edgeSettings.counts = counts
        let (machine, tokens) = (worker.clock, try MailTokens(secrets: settings.secrets))
        if !settings.providers.isEmpty {
            edgeSettings.providers = ProviderDesk(
                verifiers: settings.providers, tokens: tokens, now: { machine.now }, logger: context.logger,
                keep: { try await publisher.publish($0, to: .returns, lane: .live) })
        }
        let edge = Edge(
            host: settings.listen.host, port: settings.listen.port, keys: keys, gate: gate, groups: groups,
            signer: signer, desk: desk, settings: edgeSettings, logger: context.logger)
        let watch = WorkerWatch(worker: worker, watched: .ingest, context: context, publishers: [publisher])
        var services: [any Service] =
            worker.services + [
                watch, publisher, shared, groups, clicks, counts, SourceClient(outbound), edge,
            ]
        if let listen = settings.returns {
            let desk = ReturnDesk(
                tokens: tokens, now: { machine.now }, logger: context.logger,
                keep: { try await publisher.publish($0, to: .returns, lane: .live) })
            services.append(
                MailReception(
                    host: listen.host, port: listen.port, name: settings.mailName, tls: settings.returnsTLS,
                    logger: context.logger,
                    accepts: { desk.knows($0) }, deal: { await desk.take($0) }))
        }
        return services
    })
