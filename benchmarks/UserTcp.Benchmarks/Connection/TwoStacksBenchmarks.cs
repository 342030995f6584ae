using System.IO.Pipelines;
using BenchmarkDotNet.Attributes;

namespace UserTcp.Benchmarks.Connection;

/// <summary>
/// Two whole stacks over a virtual link with super-segments: the loops, the doors, the pipes and the scheduler on top
/// of what <see cref="TwoCoresBenchmarks"/> measures.
/// </summary>
public class TwoStacksBenchmarks
{
    private const int EchoPort = 7;
    private const int ClosePort = 8;
    private const int DiscardPort = 9;
    private const int Mebibytes = 64;
    private const int Rounds = 256;
    private readonly byte[] _text = new byte[64 << 10];
    private TwoStacks _stacks = null!;
    private UserTcpConnection _echo = null!;
    private UserTcpConnection _discard = null!;

    public enum Continuations
    {
        ThreadPool,
        Inline,
    }

    [Params(Continuations.ThreadPool, Continuations.Inline)]
    public Continuations Scheduler { get; set; }

    // The toolchain does not wait for tasks: every method does, once for many operations.
    [GlobalSetup]
    public void Setup() => SetupAsync().GetAwaiter().GetResult();

    [GlobalCleanup]
    public void Cleanup() => CleanupAsync().GetAwaiter().GetResult();

    /// <summary>One MiB from a writer that is held back to a reader that looks at nothing.</summary>
    [Benchmark(OperationsPerInvoke = Mebibytes)]
    public void BulkMebibyte() => WriteAsync(Mebibytes << 20).GetAwaiter().GetResult();

    /// <summary>One octet there, one back.</summary>
    [Benchmark(OperationsPerInvoke = Rounds)]
    public void PingPong1() => PingPongAsync(1).GetAwaiter().GetResult();

    /// <summary>100 octets there, 100 back.</summary>
    [Benchmark(OperationsPerInvoke = Rounds)]
    public void PingPong100() => PingPongAsync(100).GetAwaiter().GetResult();

    /// <summary>A connection, closed by the server first.</summary>
    [Benchmark(OperationsPerInvoke = Rounds)]
    public void ConnectAndClose() => ConnectAndCloseAsync().GetAwaiter().GetResult();

    private async Task SetupAsync()
    {
        _stacks = await TwoStacks.OpenAsync(
            Scheduler == Continuations.Inline ? PipeScheduler.Inline : PipeScheduler.ThreadPool);
        await _stacks.ServeAsync(EchoPort, Services.EchoAsync);
        await _stacks.ServeAsync(ClosePort, Services.CloseAsync);
        await _stacks.ServeAsync(DiscardPort, Services.DiscardAsync);
        _echo = await _stacks.ConnectAsync(EchoPort);
        _discard = await _stacks.ConnectAsync(DiscardPort);
    }

    private async Task CleanupAsync()
    {
        await _echo.DisposeAsync();
        await _discard.DisposeAsync();
        await _stacks.DisposeAsync();
    }

    private async Task WriteAsync(int bytes)
    {
        for (int written = 0; written < bytes; written += _text.Length)
        {
            await _discard.Output.WriteAsync(_text);
        }
    }

    private async Task PingPongAsync(int bytes)
    {
        for (int i = 0; i < Rounds; i++)
        {
            await _echo.Output.WriteAsync(_text.AsMemory(0, bytes));
            ReadResult result = await _echo.Input.ReadAtLeastAsync(bytes);
            _echo.Input.AdvanceTo(result.Buffer.End);
        }
    }

    private async Task ConnectAndCloseAsync()
    {
        for (int i = 0; i < Rounds; i++)
        {
            await using UserTcpConnection connection = await _stacks.ConnectAsync(ClosePort);
            await Services.DiscardAsync(connection);
        }
    }
}
