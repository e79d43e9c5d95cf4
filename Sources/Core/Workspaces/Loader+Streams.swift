import JourneyProgram
import Model

extension Loader {
    /// By name; nil for one that is there but has faults, so that references to it are not faults as well.
    mutating func readStreams(emails: [String]) -> [String: StreamDefinition?] {
        var streams: [String: StreamDefinition?] = [:]
        for path in files.keys.sorted() where Self.isDefinition(path, in: "streams") {
            let stream = read(path) { StreamsReader($0, emails: emails).read() } ?? nil
            let file = try? YAMLFile(name: path, text: files[path] ?? "")
            guard let name = stream?.name ?? file.flatMap({ StreamsReader.name(in: $0) }) else { continue }
            if let other = streams[name] {
                report(path, .duplicate, "the stream \"\(name)\" stands in \(other?.file ?? "another file") as well")
                continue
            }
            streams[name] = .some(stream.map { StreamDefinition(stream: $0, file: path) })
        }
        return streams
    }

    /// What a journey sends hangs on them.
    func streamFiles(of journey: Journey) -> [String] {
        let used = Set(journey.streamSteps.map(\.stream.name))
        return files.keys.sorted().filter { path in
            guard Self.isDefinition(path, in: "streams"),
                let file = try? YAMLFile(name: path, text: files[path] ?? ""), let name = StreamsReader.name(in: file)
            else { return false }
            return used.contains(name)
        }
    }

    mutating func reportUnused(streams: [String: StreamDefinition?], journeys: [JourneyDefinition]) {
        guard journeys.count == files.keys.count(where: Self.isJourney) else { return }
        let used = Set(journeys.flatMap { $0.journey.streamSteps.map(\.stream.name) })
        for case (let name, let definition?) in streams.sorted(by: { $0.key < $1.key }) where !used.contains(name) {
            report(
                definition.file, .unused, "no journey sends from the stream \"\(name)\"",
                help: "with a step: - stream: \(name)", severity: .warning)
        }
    }
}
