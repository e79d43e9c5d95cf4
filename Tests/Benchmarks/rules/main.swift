import Foundation

// `rules PYTHON PEER [--json] [--quick]`: our evaluator beside cel-rust behind Python, in turns. `deploy/dev bench
// expressions` fetches the peer and calls it.
let arguments = Array(CommandLine.arguments.dropFirst())
let flags = arguments.filter { $0.hasPrefix("--") }
let paths = arguments.filter { !$0.hasPrefix("--") }
guard paths.count == 2, flags.allSatisfy({ ["--json", "--quick"].contains($0) }) else {
    FileHandle.standardError.write(Data("rules: takes PYTHON PEER [--json] [--quick]\n".utf8))
    exit(64)
}
do {
    let peer = try Peer(python: paths[0], program: paths[1])
    defer { peer.end() }
    let contest = try Contest(peer, isQuick: flags.contains("--quick"))
    try contest.run()
    contest.report(asJSON: flags.contains("--json"))
} catch {
    FileHandle.standardError.write(Data("rules: \(error)\n".utf8))
    exit(1)
}
