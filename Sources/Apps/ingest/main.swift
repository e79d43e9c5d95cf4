import Ingestion
import Links
import Messaging
import Postgres
import ServiceRuntime
import Store
import Transit

struct IngestSettings {
    let worker: Worker.Settings
    let listen: ListenAddress
    let secrets: [LinkSecret]

    init(_ reader: inout SettingsReader) {
        worker = Worker.Settings(&reader)
        listen = reader.listen(
            "LOODS_LISTEN", default: "127.0.0.1:8080",
            meaning:
                "Where the event API, clicks, opens and unsubscribe pages are served; port 0 lets the system choose.")
        secrets =
            reader.required(
                "LOODS_LINK_SECRET", type: "secret",
                range: "one or two id:base64, the first signs, 16 bytes or more each",
                example: "k1:$(openssl rand -base64 32)",
                expectation: "one or two entries id:base64 of 16 bytes or more",
                meaning: "Signs the links in mails; the same in ingest and mailer.", isSecret: true,
                parse: LinkSecret.list
            ) ?? []
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
        worker.register(in: context.readiness, needsDatabase: false, publishers: [publisher])
        let pool = worker.pool
        let keys = KeyRing { hash in
            try await pool.withConnection(deadline: .seconds(3)) { try Keys.find(hash: hash, in: $0) }
        }
        let stamp = worker.clockMode == .stepped ? SteppedStamp(pool: pool, clock: worker.clock) : nil
        let groups = EventGroups(
            sink: BrokerEventSink(publisher), stamp: stamp, clock: worker.clock, logger: context.logger)
        let desk = WithdrawalDesk(
            pool: pool, publisher: publisher, relay: worker.relay, mode: worker.clockMode, clock: worker.clock,
            logger: context.logger)
        let edge = Edge(
            host: settings.listen.host, port: settings.listen.port, keys: keys, groups: groups, signer: signer,
            desk: desk, logger: context.logger)
        return worker.services + [publisher, groups, edge]
    })
