import Content
import Model
import Mustache

/// One sample: ours and the library in turns.
final class Contest {
    private let sample: Sample
    private let seconds: Double
    private let template: Template
    private let peer: MustacheTemplate
    private let values: [String: Any]
    private var ours: [Double] = []
    private var theirs: [Double] = []

    init(_ sample: Sample, seconds: Double) throws {
        (self.sample, self.seconds) = (sample, seconds)
        template = try Template(sample.source, as: .html)
        peer = try MustacheTemplate(string: sample.source)
        values = sample.values.mapValues(Self.plain)
        let (own, other) = (try template.render(sample.values), peer.render(values))
        guard own.replacing("&#39;", with: "'") == other.replacing("&#39;", with: "'") else {
            throw Difference(name: sample.name)
        }
    }

    func round() {
        theirs.append(rate { peer.render(values).utf8.count })
        ours.append(rate { (try? template.render(sample.values).utf8.count) ?? 0 })
    }

    func report(asJSON: Bool) {
        let (own, other) = (ours.sorted()[ours.count / 2], theirs.sorted()[theirs.count / 2])
        let ratio = (own / other * 100).rounded() / 100
        if asJSON {
            print(
                "{\"rendering\":\"\(sample.name)\",\"per_second\":\(Int(own)),\"mustache_per_second\":\(Int(other)),\"ratio\":\(ratio)}"
            )
        } else {
            print(
                "\(sample.name), \(sample.source.utf8.count) bytes: \(Int(own))/s on one core, swift-mustache \(Int(other))/s: "
                    + "\(ratio) (must 0.95)")
        }
    }

    private func rate(_ body: () -> Int) -> Double {
        let clock = ContinuousClock()
        let begun = clock.now
        var (count, bytes) = (0, 0)
        while begun.duration(to: clock.now) < .seconds(seconds) {
            for _ in 0..<20 { bytes &+= body() }
            count += 20
        }
        precondition(bytes > 0)
        return Double(count) / (begun.duration(to: clock.now) / .seconds(1))
    }

    private static func plain(_ json: JSON) -> Any {
        switch json {
        case .null: Optional<String>.none as Any
        case .bool(let value): value
        case .int(let value): Int(value)
        case .double(let value): value
        case .string(let value): value
        case .array(let elements): elements.map(plain)
        case .object(let members): members.mapValues(plain)
        }
    }
}

struct Difference: Error, CustomStringConvertible {
    var name: String
    var description: String { "the two make different mails of \"\(name)\"" }
}
