import Testing

/// SwiftPM does not keep imports to one direction; this does.
@Suite struct ImportTests {
    private static let modules = Dictionary(uniqueKeysWithValues: Module.all.map { ($0.name, $0) })
    /// The C targets, which import nothing of ours.
    private static let cTargets: Set<String> = [
        "CIDN", "CShims", "CJSON", "CMIME", "CNames", "CPlaces", "CRE2", "CSigning", "CZlib", "CLibPQ", "CLibRabbitMQ",
    ]

    @Test func everyImportIsInTheTable() throws {
        for file in try SourceTree.sources() {
            let module = try #require(Self.modules[file.target], "\(file.target) is not in the table")
            for name in file.imports {
                let isAllowed = module.targets.contains(name) || module.outside.contains(name)
                #expect(isAllowed, "\(file.path) imports \(name)")
            }
        }
    }

    @Test func everyLineOfTheTableIsATarget() throws {
        let targets = Set(try SourceTree.sources().map(\.target))
        #expect(Set(Self.modules.keys) == targets)
    }

    /// Within a layer, who may import whom: the table is held to it.
    private static let insideLayers: Set<Layer> = [.core, .drivers]

    @Test func theTablePointsDown() {
        for module in Module.all {
            for name in module.targets where !Self.cTargets.contains(name) {
                guard let other = Self.modules[name] else {
                    Issue.record("\(module.name) may import \(name), which there is not")
                    continue
                }
                let isBelow = other.layer.rawValue < module.layer.rawValue
                let isBeside = other.layer == module.layer && Self.insideLayers.contains(module.layer)
                #expect(isBelow || isBeside, "\(module.name) → \(name) does not point down")
            }
        }
    }

    @Test func theTableHasNoCircles() {
        var open = Module.all.map { (name: $0.name, targets: $0.targets.subtracting(Self.cTargets)) }
        while !open.isEmpty {
            let done = Set(open.filter(\.targets.isEmpty).map(\.name))
            guard !done.isEmpty else {
                Issue.record("these import each other: \(open.map(\.name))")
                return
            }
            open = open.filter { !done.contains($0.name) }.map { ($0.name, $0.targets.subtracting(done)) }
        }
    }

    @Test func driversKnowNothingOfLoods() {
        for module in Module.all where module.layer == .drivers {
            let own = module.targets.subtracting(Self.cTargets).compactMap { Self.modules[$0] }
            #expect(own.allSatisfy { $0.layer == .drivers }, "\(module.name)")
        }
    }

    /// What does I/O, reads a clock, or logs.
    private static let impure: Set<String> = [
        "NIOCore", "NIOPosix", "NIOSSL", "Hummingbird", "Logging", "Metrics", "CoreMetrics", "ServiceLifecycle",
        "Dispatch", "Synchronization", "Glibc", "Musl", "Darwin", "FoundationNetworking", "FoundationEssentials",
    ]

    @Test func theCoreIsPure() {
        for module in Module.all where module.layer == .core {
            #expect(module.outside.isDisjoint(with: Self.impure), "\(module.name)")
            // RE2, GMime, libcrypto and libidn2 compute and nothing else.
            let own = module.targets.subtracting(["CRE2", "CMIME", "CSigning", "CIDN"])
            #expect(own.allSatisfy { Self.modules[$0]?.layer == .core }, "\(module.name)")
        }
    }

    @Test func theCoreReadsNoClockAndNoDice() throws {
        for file in try SourceTree.sources() where file.path.hasPrefix("Sources/Core/") {
            for line in file.lines {
                let code = line.prefix(while: { $0 != "/" })
                for call in ["Date()", "Date.now", "Clock.now", "Task.sleep", "FileManager", "getenv"] {
                    #expect(!code.contains(call), "\(file.path): \(line)")
                }
                // The one maker of random ids is for composition roots, and stands beside the derived ones.
                if file.name != "UniqueID.swift" { #expect(!code.contains(".random("), "\(file.path): \(line)") }
            }
        }
    }

    @Test func allSQLIsTheStores() throws {
        for file in try SourceTree.sources() where !["Store", "Schema", "Postgres"].contains(file.target) {
            for call in [".query(\"", ".execute(\"", ".runScript(\"", ".query(\n", ".execute(\n", ".copy(into:"] {
                #expect(!file.text.contains(call), "\(file.path) holds SQL")
            }
        }
    }
}
