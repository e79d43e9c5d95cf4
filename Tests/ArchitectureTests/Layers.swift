/// The layers, from the ground up. A target imports from layers below its own; within a layer only where the table in
/// `Modules.swift` says so, and between siblings of the pipeline never.
enum Layer: Int, CaseIterable {
    /// What Loods thinks: pure values and functions, without I/O and without a clock.
    case core
    /// How the outside world is reached; knows nothing of Loods.
    case drivers
    /// What lies between processes: bytes, and the schema.
    case contracts
    /// Tables, queues, and the frame of a service.
    case foundations
    /// What every worker process stands on.
    case transit
    /// What happens to an event, in order of travel.
    case pipeline
    /// Composition roots: read settings, build services, run.
    case apps
}

/// One target under `Sources`, with everything that it may import.
struct Module {
    var name: String
    var layer: Layer
    /// Targets of this package.
    var targets: Set<String>
    /// Modules of packages, of the system, and Foundation.
    var outside: Set<String>

    init(_ name: String, _ layer: Layer, _ targets: String = "", outside: String = "") {
        self.name = name
        self.layer = layer
        self.targets = Set(targets.split(separator: " ").map(String.init))
        self.outside = Set(outside.split(separator: " ").map(String.init))
    }
}
