// swift-tools-version: 6.2
import PackageDescription

// Libraries point down only: Apps → Pipeline → Store, Messaging → Contracts, Schema → Core; Drivers know
// nothing of Loods. `Tests/ArchitectureTests` compares every import line with the table of allowed edges.

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

// A debug build, which is what tests run, is optimised like what users run, and its tests end much sooner.
let optimized: [SwiftSetting] = strict + [.unsafeFlags(["-O"], .when(configuration: .debug))]

let asyncHTTPClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdTesting: Target.Dependency = .product(name: "HummingbirdTesting", package: "hummingbird")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let mustache: Target.Dependency = .product(name: "Mustache", package: "swift-mustache")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let nio: [Target.Dependency] = ["NIOCore", "NIOPosix", "NIOConcurrencyHelpers"].map {
    .product(name: $0, package: "swift-nio")
}
let nioHTTP: [Target.Dependency] = [
    .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
]
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

func library(_ name: String, in folder: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(folder)/\(name)", swiftSettings: optimized)
}

func app(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, path: "Sources/Apps/\(name)", swiftSettings: optimized)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: "\(name)Tests", dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

let package = Package(
    name: "loods",
    platforms: [.macOS(.v15)],
    products: [.library(name: "JumpingClock", type: .dynamic, targets: ["CJumpingClock"])],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    ],
    targets: [
        // Drivers: the outside world, nothing of Loods
        .systemLibrary(
            name: "CLibPQ", path: "Sources/Drivers/CLibPQ", pkgConfig: "libpq",
            providers: [.apt(["libpq-dev"])]),
        .systemLibrary(
            name: "CLibRabbitMQ", path: "Sources/Drivers/CLibRabbitMQ", pkgConfig: "librabbitmq",
            providers: [.apt(["librabbitmq-dev"])]),
        .systemLibrary(
            name: "CZlib", path: "Sources/Drivers/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(
            name: "CIDN", path: "Sources/Drivers/CIDN", pkgConfig: "libidn2", providers: [.apt(["libidn2-dev"])]),
        .systemLibrary(
            name: "CLibGMime", path: "Sources/Drivers/CLibGMime", pkgConfig: "gmime-3.0",
            providers: [.apt(["libgmime-3.0-dev"])]),
        .target(name: "CMIME", dependencies: ["CLibGMime"], path: "Sources/Drivers/CMIME"),
        .target(name: "CShims", path: "Sources/Drivers/CShims"),
        .target(
            name: "CJSON", path: "Sources/Drivers/CJSON", publicHeadersPath: "include",
            linkerSettings: [.linkedLibrary("simdjson")]),
        .target(
            name: "CRE2", path: "Sources/Drivers/CRE2", publicHeadersPath: "include",
            linkerSettings: [.linkedLibrary("re2")]),
        .target(
            name: "CPlaces", path: "Sources/Drivers/CPlaces", publicHeadersPath: "include",
            linkerSettings: [.linkedLibrary("maxminddb")]),
        .target(
            name: "CSigning", path: "Sources/Drivers/CSigning", publicHeadersPath: "include",
            linkerSettings: [.linkedLibrary("crypto")]),
        .target(
            name: "CNames", path: "Sources/Drivers/CNames", publicHeadersPath: "include",
            linkerSettings: [.linkedLibrary("cares")]),
        library("ConnectionThread", in: "Drivers", ["CShims"]),
        library("Postgres", in: "Drivers", ["CLibPQ", "CShims", "ConnectionThread", lifecycle, log]),
        library("AMQP", in: "Drivers", ["CLibRabbitMQ", "CShims", "ConnectionThread", log]),
        library("SMTP", in: "Drivers", nio + [nioSSL, log]),
        library("MailReception", in: "Drivers", nio + [nioSSL, lifecycle, log]),
        library("DNS", in: "Drivers", ["CNames"] + nio),
        library("Outbound", in: "Drivers", nio + [asyncHTTPClient, .product(name: "NIOHTTP1", package: "swift-nio")]),

        // Core: pure; no I/O, no clock
        library("Model", in: "Core", ["CIDN", crypto]),
        library("Patterns", in: "Core", ["CRE2"]),
        library("Networks", in: "Core", []),
        library("Expressions", in: "Core", ["Model", "Patterns", "Networks"]),
        library("Scores", in: "Core", ["Model"]),
        library("JourneyProgram", in: "Core", ["Model", "Expressions", "SendGate"]),
        library("SendGate", in: "Core", ["Model"]),
        library("Pacing", in: "Core", ["Model"]),
        library("Links", in: "Core", ["Model", crypto]),
        library("Content", in: "Core", ["Model"]),
        library("Mail", in: "Core", ["Model", "CSigning", crypto]),
        library("Bounces", in: "Core", ["Model", "Patterns", "CMIME"]),
        library("Preflight", in: "Core", ["Content", "Networks"]),
        library(
            "Workspaces", in: "Core",
            ["Model", "Expressions", "Scores", "JourneyProgram", "SendGate", "Pacing", "Content", "Mail", yams]),

        library(
            "Simulation", in: "Core",
            ["Model", "Expressions", "Scores", "JourneyProgram", "SendGate", "Mail", "Workspaces"]),

        // What lies between the processes
        .target(name: "Contracts", dependencies: ["Model"], path: "Sources/Contracts", swiftSettings: optimized),
        .target(name: "CrashPoints", path: "Sources/CrashPoints", swiftSettings: optimized),
        .target(
            name: "Schema", dependencies: ["Postgres"], path: "Sources/Schema",
            resources: [.embedInCode("Migrations")], swiftSettings: optimized),
        .target(
            name: "Messaging", dependencies: ["AMQP", "Contracts", "CrashPoints", lifecycle, log, metrics],
            path: "Sources/Messaging", swiftSettings: optimized),
        .target(
            name: "Store",
            dependencies: ["Postgres", "Contracts", "Model", "Expressions", "Scores", "Pacing", "Schema", crypto],
            path: "Sources/Store", swiftSettings: optimized),
        .target(
            name: "ServiceRuntime", dependencies: ["CrashPoints", hummingbird, lifecycle, log, metrics],
            path: "Sources/ServiceRuntime", swiftSettings: optimized),

        .target(
            name: "Transit",
            dependencies: [
                "Store", "Schema", "Messaging", "Contracts", "CrashPoints", "Model", "Bounces", "Postgres",
                "Workspaces",
                "ServiceRuntime", crypto, lifecycle, log, metrics,
            ],
            path: "Sources/Transit", swiftSettings: optimized),

        // Pipeline: what happens to an event, in order of travel
        .target(
            name: "Ingestion",
            dependencies: [
                "Transit", "Store", "Messaging", "Contracts", "CrashPoints", "Model", "Links", "Workspaces", "Postgres",
                "MailReception", "Outbound", "Networks", "CJSON", "CPlaces", "CZlib", crypto, hummingbird, lifecycle,
                log, metrics,
            ] + nioHTTP, path: "Sources/Pipeline/Ingestion", resources: [.embedInCode("Assets")],
            swiftSettings: optimized),
        library(
            "Audience", in: "Pipeline",
            [
                "Transit", "Store", "Messaging", "Contracts", "CrashPoints", "Model", "Postgres", "Expressions",
                "Scores", "Workspaces", lifecycle, log, metrics,
            ]),
        library(
            "Journeys", in: "Pipeline",
            [
                "Transit", "Store", "Messaging", "Contracts", "CrashPoints", "Model", "Postgres", "Expressions",
                "Scores",
                "JourneyProgram", "SendGate", "Workspaces", lifecycle, log, metrics,
            ]),
        library(
            "Delivery", in: "Pipeline",
            [
                "Transit", "Store", "Messaging", "Contracts", "CrashPoints", "Model", "Postgres", "SendGate", "Links",
                "Content", "Mail", "Bounces", "SMTP", "Outbound", "JourneyProgram", "Pacing", "Scores", "Workspaces",
                "ServiceRuntime",
                lifecycle, log, metrics,
            ]),

        // Apps: composition roots
        app(
            "ingest",
            [
                lifecycle, "Ingestion", "Transit", "Store", "Messaging", "Links", "MailReception", "Outbound",
                "Postgres",
                "ServiceRuntime", log,
            ]),
        app("scoring", [lifecycle, "Audience", "Transit", "Store", "Messaging", "Postgres", "ServiceRuntime", log]),
        app("scheduler", [lifecycle, "Journeys", "Transit", "Store", "Messaging", "Postgres", "ServiceRuntime", log]),
        app(
            "mailer",
            [
                lifecycle, "Delivery", "Transit", "Store", "Messaging", "Links", "Mail", "Outbound", "SMTP", "Postgres",
                "ServiceRuntime", log,
            ]),
        app(
            "loods",
            [
                "Store", "Schema", "Transit", "Messaging", "Contracts", "CrashPoints", "Model", "Expressions", "Scores",
                "JourneyProgram", "SendGate", "Pacing", "Simulation", "Workspaces", "Content", "Mail", "Bounces",
                "Links", "Networks", "Preflight", "Delivery", "DNS", "Postgres", "CSigning", "CZlib", "ServiceRuntime",
                crypto,
                yams,
                arguments, log,
            ]),
        app("catcher", nio + [log]),

        // Tests climb a ladder: values, golden bytes, drivers on real servers, stages, the whole cluster
        .target(name: "CJumpingClock", path: "Tests/CJumpingClock"),
        .target(
            name: "TestSupport",
            dependencies: [
                "Store", "Schema", "Messaging", "Model", "Postgres", "AMQP", "DNS", log,
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ] + nio,
            path: "Tests/TestSupport", swiftSettings: strict),
        .target(
            name: "Laboratory",
            dependencies: [
                "TestSupport", "Expressions", "Messaging", "Model", "Postgres", "Schema", "Scores", "Store", "Transit",
                "Workspaces", lifecycle, log,
            ],
            path: "Tests/Laboratory", swiftSettings: strict),
        tests("Postgres", ["Postgres", "ConnectionThread", "TestSupport", lifecycle, log]),
        tests("AMQP", ["AMQP", "ConnectionThread", "TestSupport", log]),
        tests("SMTP", ["SMTP", log] + nio + [nioSSL]),
        tests("Networks", ["Networks"]),
        tests("Outbound", ["Outbound", "TestSupport"]),
        tests("DNS", ["DNS", "TestSupport"]),
        tests("Model", ["Model"]),
        tests("Expressions", ["Expressions", "Model"]),
        tests("Scores", ["Scores", "Model"]),
        tests("JourneyProgram", ["JourneyProgram", "Simulation", "Workspaces", "Expressions", "SendGate", "Model"]),
        tests("SendGate", ["SendGate", "Model"]),
        tests("Pacing", ["Pacing", "Model"]),
        tests("Content", ["Content", "Model"]),
        tests("Mail", ["Mail", "Model", "CSigning", "SMTP", "TestSupport", log]),
        tests("Bounces", ["Bounces", "Patterns", "TestSupport"]),
        tests("Preflight", ["Preflight", "Networks"]),
        .testTarget(
            name: "SimulationTests",
            dependencies: ["Simulation", "Workspaces", "JourneyProgram", "Expressions", "SendGate", "Model"],
            exclude: ["Recordings/Kept", "Recordings/Kinds", "Recordings/MoreKinds"], swiftSettings: strict),
        tests(
            "Workspaces",
            [
                "Workspaces", "Mail", "Scores", "JourneyProgram", "Expressions", "SendGate", "Pacing", "Content",
                "Model",
            ]),
        .testTarget(
            name: "ContractsTests", dependencies: ["Contracts", "Model"], exclude: ["Golden"], swiftSettings: strict),
        tests("Messaging", ["Messaging", "AMQP", "Contracts", "Model", "TestSupport", lifecycle, log]),
        tests(
            "Store",
            ["Store", "Schema", "Postgres", "Contracts", "Expressions", "Scores", "Pacing", "Model", "TestSupport"]),
        tests(
            "Transit",
            [
                "Transit", "Store", "Schema", "Messaging", "AMQP", "Model", "Workspaces", "Postgres", "ServiceRuntime",
                "Laboratory", "TestSupport", lifecycle, log,
            ]),
        tests("ServiceRuntime", ["ServiceRuntime", hummingbird, hummingbirdTesting, log]),
        tests("Links", ["Links", "Model"]),
        tests(
            "Ingestion",
            [
                "Ingestion", "Links", "MailReception", "Networks", "Workspaces", "Store", "Contracts", "Messaging",
                "Model", "Laboratory", "TestSupport", hummingbird, crypto,
                hummingbirdTesting, lifecycle, log, .product(name: "NIOEmbedded", package: "swift-nio"),
            ] + nio + nioHTTP),
        tests(
            "Audience",
            [
                "Audience", "Journeys", "Transit", "Postgres", "Store", "Contracts", "Messaging", "Model", "Workspaces",
                "JourneyProgram", "Laboratory", "TestSupport", log,
            ], exclude: ["Segments/purchases.py"]),
        tests(
            "Journeys",
            [
                "Journeys", "Transit", "Postgres", "Store", "Contracts", "Messaging", "Model", "Scores", "Workspaces",
                "JourneyProgram", "Simulation", "Expressions", "Laboratory", "TestSupport", log,
            ]),
        tests("MailReception", ["MailReception", "SMTP", "TestSupport", lifecycle, log] + nio),
        tests(
            "Delivery",
            [
                "Delivery", "Transit", "Postgres", "SMTP", "Links", "Mail", "SendGate", "Expressions", "Store",
                "Contracts", "Pacing", "Laboratory",
                "Messaging", "Model", "Workspaces", "Preflight", "TestSupport", lifecycle, log, crypto,
            ] + nio),
        tests(
            "Security",
            [
                "Ingestion", "Audience", "Links", "Mail", "Content", "SMTP", "JourneyProgram", "Workspaces", "Transit",
                "Store", "Contracts", "Messaging", "Model", "Postgres", "TestSupport", hummingbird, hummingbirdTesting,
                log,
                crypto,
            ]),
        .executableTarget(
            name: "throughput",
            dependencies: [
                "AMQP", "CShims", "Postgres", "SMTP", "Schema", "Store", "Contracts", "Model", "Scores", hummingbird,
                log,
            ], path: "Tests/Benchmarks/throughput", swiftSettings: strict),
        .executableTarget(
            name: "rules", dependencies: ["Expressions", "Model"], path: "Tests/Benchmarks/rules",
            exclude: ["peer.py"], swiftSettings: strict),
        .executableTarget(
            name: "engine", dependencies: ["SMTP", log] + nio, path: "Tests/Benchmarks/engine",
            swiftSettings: strict),
        .executableTarget(
            name: "signatures", dependencies: ["Mail", "Model", "CSigning", crypto],
            path: "Tests/Benchmarks/signatures", swiftSettings: strict),
        .executableTarget(
            name: "rendering", dependencies: ["Content", "Model", mustache], path: "Tests/Benchmarks/rendering",
            swiftSettings: strict),
        .executableTarget(
            name: "simulations", dependencies: ["Simulation", "Workspaces", "Model"],
            path: "Tests/Benchmarks/simulations", swiftSettings: strict),
        tests("Architecture", []),
        .testTarget(
            name: "ClusterTests",
            dependencies: [
                "Laboratory", "TestSupport", "Expressions", "Links", "Messaging", "Model", "Postgres", "SMTP", "Scores",
                "Simulation",
                "Store",
                "Transit",
                "Workspaces", crypto,
            ],
            exclude: ["Leads/leads.py", "Retail/retail.py"], swiftSettings: strict),
        tests(
            "Fault",
            [
                "Contracts", "CrashPoints", "Laboratory", "TestSupport", "Links", "Messaging", "Model", "Postgres",
                "Store",
            ]),
    ]
)

// Of the tests only those named, with what they depend on: `deploy/dev test` builds some a second time, for the thread
// sanitizer.
if let names = Context.environment["LOODS_TEST_TARGETS"] {
    // Besides what the one library product is made of.
    var wanted = names.split(separator: " ").map(String.init) + ["CJumpingClock"]
    var kept: Set<String> = []
    while let name = wanted.popLast() {
        guard kept.insert(name).inserted else { continue }
        guard let target = package.targets.first(where: { $0.name == name }) else {
            fatalError("LOODS_TEST_TARGETS names \(name): there is no such target")
        }
        for case .byNameItem(let dependency, _) in target.dependencies { wanted.append(dependency) }
    }
    package.targets.removeAll { !kept.contains($0.name) }
}
