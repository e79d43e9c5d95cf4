import Foundation

// engine SMTP_SOURCE SMTP_SINK [--json] [--quick]: ready-made mails of 20 KB that our connections hand over a second, beside
// Postfix's smtp-source with as many sessions, in turns; both to Postfix's smtp-sink. `deploy/dev bench engine` calls it.

let arguments = Array(CommandLine.arguments.dropFirst())
let flags = arguments.filter { $0.hasPrefix("--") }
let programs = arguments.filter { !$0.hasPrefix("--") }
guard programs.count == 2, flags.allSatisfy({ ["--json", "--quick"].contains($0) }) else {
    FileHandle.standardError.write(Data("engine: takes SMTP_SOURCE SMTP_SINK [--json] [--quick]\n".utf8))
    exit(64)
}
do {
    let sink = try Sink(programs[1])
    defer { sink.end() }
    let isQuick = flags.contains("--quick")
    let contest = Contest(source: programs[0], port: sink.port, mails: isQuick ? 400 : 40_000)
    try await contest.send(by: .ours, warmingUp: true)
    try await contest.send(by: .theirs, warmingUp: true)
    for _ in 0..<(isQuick ? 1 : 5) {
        try await contest.send(by: .theirs)
        try await contest.send(by: .ours)
    }
    await contest.report(asJSON: flags.contains("--json"))
} catch {
    FileHandle.standardError.write(Data("engine: \(error)\n".utf8))
    exit(1)
}
