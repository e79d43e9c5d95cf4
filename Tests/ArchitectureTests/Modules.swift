extension Module {
    private static let libc = "Glibc Musl Darwin"

    /// Who may import whom: the architecture, one line a target.
    static let all: [Module] = [
        // Core. Crypto is SHA-256 and HMAC, for derived ids and signed links; Foundation: see `FoundationTests`. CIDN is for
        // domains of addresses.
        Module("Model", .core, "CIDN", outside: "Crypto Foundation"),
        Module("Patterns", .core, "CRE2"),
        // IP addresses.
        Module("Networks", .core),
        Module("Expressions", .core, "Model Patterns Networks"),
        Module("Scores", .core, "Model"),
        Module("SendGate", .core, "Model"),
        Module("Pacing", .core, "Model"),
        Module("JourneyProgram", .core, "Model Expressions SendGate"),
        Module("Links", .core, "Model", outside: "Crypto"),
        Module("Content", .core, "Model"),
        Module("Mail", .core, "Model CSigning", outside: "Crypto"),
        // What comes back of mails.
        Module("Bounces", .core, "Model Patterns CMIME"),
        // What stands in the way of mails: in DNS, in themselves.
        Module("Preflight", .core, "Content Networks"),
        Module(
            "Workspaces", .core, "Model Expressions Scores JourneyProgram SendGate Pacing Content Mail", outside: "Yams"
        ),
        // What plays a workspace on a virtual clock stands on all that decides.
        Module("Simulation", .core, "Model Expressions Scores JourneyProgram SendGate Mail Workspaces"),

        // Drivers: C libraries on threads of their own, and SMTP on NIO.
        Module("ConnectionThread", .drivers, "CShims", outside: "Synchronization Glibc"),
        Module(
            "Postgres", .drivers, "ConnectionThread CLibPQ CShims",
            outside: "Logging ServiceLifecycle Synchronization Glibc"),
        Module("AMQP", .drivers, "ConnectionThread CLibRabbitMQ", outside: "Logging Glibc"),
        Module(
            "SMTP", .drivers, outside: "Logging NIOConcurrencyHelpers NIOCore NIOPosix NIOSSL Synchronization Glibc"),

        // Mail that comes in.
        Module(
            "MailReception", .drivers,
            outside: "Logging NIOConcurrencyHelpers NIOCore NIOPosix NIOSSL ServiceLifecycle"),

        // Questions to DNS.
        Module("DNS", .drivers, "CNames", outside: "NIOPosix Glibc"),

        // Requests to addresses that others have written down.
        Module("Outbound", .drivers, outside: "AsyncHTTPClient NIOCore NIOHTTP1 NIOPosix Glibc"),

        // Between processes.
        Module("Contracts", .contracts, "Model"),
        Module("Schema", .contracts, "Postgres"),
        // Where tests may have a process die; in a release build, nothing.
        Module("CrashPoints", .contracts, outside: "Synchronization Glibc"),

        // Tables, queues, the frame of a service. The store reads what conditions see, so it knows the types of histories
        // and of scores.
        Module("Store", .foundations, "Model Expressions Scores Pacing Contracts Schema Postgres", outside: "Crypto"),
        Module(
            "Messaging", .foundations, "Contracts CrashPoints AMQP",
            outside: "Logging Metrics ServiceLifecycle Synchronization \(libc)"),
        Module(
            "ServiceRuntime", .foundations, "CrashPoints",
            outside: "Hummingbird HTTPTypes NIOCore NIOPosix Logging CoreMetrics ServiceLifecycle UnixSignals "
                + "Synchronization Foundation FoundationEssentials \(libc)"),

        // What every worker stands on: outbox, clock, definitions, what is set aside.
        Module(
            "Transit", .transit,
            "Model Bounces Workspaces Contracts CrashPoints Schema Store Messaging ServiceRuntime Postgres",
            outside: "Crypto Logging Metrics ServiceLifecycle Synchronization \(libc)"),

        // The pipeline, in order of travel.
        Module(
            "Ingestion", .pipeline,
            "Model Links Workspaces Contracts CrashPoints Store Messaging Transit Postgres MailReception Outbound Networks CJSON CPlaces "
                + "CZlib",
            outside:
                "Hummingbird HummingbirdCore HTTPTypes NIOCore NIOHTTP1 NIOHTTPTypes Crypto Logging Metrics CoreMetrics "
                + "ServiceLifecycle Synchronization Foundation FoundationEssentials"),
        Module(
            "Audience", .pipeline,
            "Model Expressions Scores JourneyProgram Workspaces Contracts CrashPoints Store Messaging Transit Postgres",
            outside: "Logging Metrics ServiceLifecycle Synchronization"),
        Module(
            "Journeys", .pipeline,
            "Model Expressions Scores JourneyProgram SendGate Workspaces Contracts CrashPoints Store Messaging Transit Postgres",
            outside: "Logging Metrics ServiceLifecycle Synchronization"),
        Module(
            "Delivery", .pipeline,
            "Model Scores SendGate Pacing JourneyProgram Links Content Mail Bounces Workspaces Contracts CrashPoints Store Messaging "
                + "Transit ServiceRuntime Postgres SMTP Outbound",
            outside: "Logging Metrics ServiceLifecycle Synchronization Foundation"),

        // Composition roots: each of the services names its own stage, and no other.
        Module(
            "ingest", .apps, "Ingestion Links MailReception Outbound Transit Store Messaging ServiceRuntime Postgres",
            outside: "Logging ServiceLifecycle"),
        Module(
            "scoring", .apps, "Audience Transit Store Messaging ServiceRuntime Postgres",
            outside: "Logging ServiceLifecycle"),
        Module(
            "scheduler", .apps, "Journeys Transit Store Messaging ServiceRuntime Postgres",
            outside: "Logging ServiceLifecycle"),
        Module(
            "mailer", .apps, "Delivery Links Mail Outbound Transit Store Messaging ServiceRuntime Postgres SMTP",
            outside: "Foundation Logging ServiceLifecycle"),
        // The command line simulates, explains and composes with the very code that decides and delivers, and runs no stage.
        Module(
            "loods", .apps,
            "Model Expressions Scores JourneyProgram SendGate Pacing Simulation Links Content Mail Bounces Workspaces Contracts CrashPoints Schema Store "
                + "Messaging ServiceRuntime Transit Postgres CSigning CZlib Networks Preflight Delivery DNS",
            outside: "ArgumentParser Crypto Foundation Logging Synchronization Yams \(libc)"),
        // A mail server for tests, of nothing but NIO.
        Module(
            "catcher", .apps,
            outside: "NIOConcurrencyHelpers NIOCore NIOPosix Logging Synchronization Dispatch \(libc)"),
    ]
}
