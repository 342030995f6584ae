using System.Text;
using System.Text.Json;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Tests.Support;

/// <summary>The whole tool, in this process: a command line in, an exit code and texts out.</summary>
internal sealed class ToolRun : IAsyncDisposable
{
    /// <summary>Only to fail where a test would hang; nothing waits for it.</summary>
    private static readonly TimeSpan s_guard = TimeSpan.FromMinutes(5);

    private readonly CancellationTokenSource _interrupt = new();
    private readonly MemoryStream _output = new();
    private readonly LineWaiter _error = new();
    private readonly LineWaiter _out;
    private readonly ToolConsole _console;

    private ToolRun(Stream input, Stream? output, string[] args, TimeProvider? time = null)
    {
        _out = new LineWaiter(_output);
        var watch = new OutputWatch();
        _console = new ToolConsole
        {
            Input = input,
            Output = output ?? _output,
            Watch = watch,
            Out = output is null ? _out : watch.WriteTo(output, new UTF8Encoding(false)),
            Error = _error,
            Time = time ?? TimeProvider.System,
        };
        Ended = Task.Run(() => Program.RunAsync(args, _console, _interrupt.Token)).WaitAsync(s_guard);
    }

    /// <summary>The exit code.</summary>
    public Task<int> Ended { get; }

    /// <summary>The standard output; complete when the run has ended.</summary>
    public string Out => Encoding.UTF8.GetString(_output.ToArray());

    public byte[] Bytes => _output.ToArray();

    public string Error => _error.ToString();

    public JsonElement Json => JsonDocument.Parse(Out).RootElement;

    public static ToolRun Start(params string[] args) => new(Stream.Null, null, args);

    public static ToolRun StartWithInput(Stream input, params string[] args) => new(input, null, args);

    /// <summary>With a standard output of the test's; <see cref="Out"/> stays empty.</summary>
    public static ToolRun StartWithOutput(Stream output, params string[] args) => new(Stream.Null, output, args);

    /// <summary>With a clock of the test's.</summary>
    public static ToolRun StartAt(TimeProvider time, params string[] args) => new(Stream.Null, null, args, time);

    /// <summary>Runs a command line to its end.</summary>
    public static async Task<ToolRun> ToEndAsync(params string[] args)
    {
        ToolRun run = Start(args);
        await run.Ended;
        return run;
    }

    /// <summary>Waits for a line of the standard error with these words.</summary>
    public Task<string> ErrorLineAsync(string words) => _error.LineWithAsync(words).WaitAsync(s_guard);

    /// <summary>The same for the standard output.</summary>
    public Task<string> OutLineAsync(string words) => _out.LineWithAsync(words).WaitAsync(s_guard);

    /// <summary>Ctrl+C.</summary>
    public void Interrupt() => _interrupt.Cancel();

    public async ValueTask DisposeAsync()
    {
        await _interrupt.CancelAsync();
        await Ended;
        _interrupt.Dispose();
    }

    /// <summary>Takes text and tells of its lines.</summary>
    /// <param name="copy">Gets all of it too; null for nowhere.</param>
    private sealed class LineWaiter(Stream? copy = null) : StringWriter
    {
        private readonly Lock _lock = new();
        private readonly List<string> _lines = [];
        private readonly List<(string Words, TaskCompletionSource<string> Found)> _waiting = [];

        public override void WriteLine(string? value)
        {
            lock (_lock)
            {
                string line = value ?? "";
                Write(line + Environment.NewLine);
                _lines.Add(line);
                foreach ((_, TaskCompletionSource<string> found) in
                    _waiting.Where(item => line.Contains(item.Words, StringComparison.Ordinal)))
                {
                    found.TrySetResult(line);
                }
            }
        }

        // What is written in pieces is nobody's line here: help texts.
        public override void Write(char value) => Write(value.ToString());

        public override void Write(string? value)
        {
            lock (_lock)
            {
                base.Write(value);
                copy?.Write(Encoding.UTF8.GetBytes(value ?? ""));
            }
        }

        public override void WriteLine() => Write(Environment.NewLine);

        public Task<string> LineWithAsync(string words)
        {
            lock (_lock)
            {
                var found = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
                if (_lines.Find(line => line.Contains(words, StringComparison.Ordinal)) is { } line)
                    found.SetResult(line);
                _waiting.Add((words, found));
                return found.Task;
            }
        }

        public override string ToString()
        {
            lock (_lock)
                return base.ToString();
        }
    }
}
