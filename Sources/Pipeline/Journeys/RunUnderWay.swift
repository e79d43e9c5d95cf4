import JourneyProgram
import Store

/// An open run with its state read and its program at hand.
struct RunUnderWay {
    let run: Run
    let state: RunState
    let program: Program

    /// - Throws: what is wrong with this run alone, or with the store.
    init(_ run: Run, _ programs: inout Programs) throws {
        self.run = run
        state = try RunState(json: run.state)
        program = try programs.program(of: run)
    }

    var awaitsVerdict: Bool { state.awaitedMessage != nil }
}
