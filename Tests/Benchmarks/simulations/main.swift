import Model
import Simulation
import Workspaces

// simulations [--runs N | --json]: how many tests of a trial with three mails one core plays in a second.
// With --runs it plays so many and says nothing, for a tool that counts instructions.

let arguments = Array(CommandLine.arguments.dropFirst())
let loaded = Workspace.load(files: Trial.files)
guard let workspace = loaded.workspace else { fatalError("\(loaded.findings)") }
let (tests, findings) = workspace.tests(in: Trial.files)
guard let test = tests.first, findings.isEmpty else { fatalError("\(findings)") }
let prepared = PreparedTest(test, in: Simulator(workspace))
let first = prepared.run()
guard first.passed else { fatalError("\(first.faults)") }

func play(_ count: Int) {
    for _ in 0..<count where !prepared.run().passed { fatalError("the test came out otherwise") }
}

if let place = arguments.firstIndex(of: "--runs"), place + 1 < arguments.count, let count = Int(arguments[place + 1]) {
    play(count)
} else {
    let clock = ContinuousClock()
    play(2_000)
    var rates: [Double] = []
    for _ in 0..<5 {
        let (count, begun) = (20_000, clock.now)
        play(count)
        let took = begun.duration(to: clock.now).components
        rates.append(Double(count) / (Double(took.seconds) + Double(took.attoseconds) / 1e18))
    }
    let median = Int(rates.sorted()[2])
    if arguments.contains("--json") {
        print("{\"simulated_runs_per_second\":\(median)}")
    } else {
        print("simulated runs of a three-mail trial  \(median)/s on one core (must 20,000, aim 200,000)")
    }
}
