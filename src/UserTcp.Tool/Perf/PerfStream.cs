using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;

namespace UserTcp.Tool.Perf;

/// <summary>
/// A data connection and what passed on it. One task works it; the counts may be read from everywhere.
/// </summary>
internal sealed class PerfStream
{
    private const int NotFrozen = -1;
    private readonly Lock _writing = new(); // a block is written and counted, or neither
    private long _bytes;
    private long _uncounted;
    private long _frozen = NotFrozen;
    private long _retransmitsBefore;

    public PerfStream(int index, UserTcpConnection connection, bool isSender)
    {
        Connection = connection;
        IsSender = isSender;
        Id = IdOf(index);
    }

    public UserTcpConnection Connection { get; }

    /// <summary>Whether this side sends in it.</summary>
    public bool IsSender { get; }

    /// <summary>The same at both sides, which count their streams in the same order.</summary>
    public int Id { get; }

    /// <summary>Bytes that count.</summary>
    public long Bytes
    {
        get
        {
            long frozen = Interlocked.Read(ref _frozen);
            return (frozen == NotFrozen ? Interlocked.Read(ref _bytes) : frozen) - Interlocked.Read(ref _uncounted);
        }
    }

    public long Retransmits => Connection.GetInfo().Retransmits - Interlocked.Read(ref _retransmitsBefore);

    /// <summary>iperf3 numbers its streams 1, 3, 4, 5 and so on; the numbers are compared.</summary>
    public static int IdOf(int index) => index == 0 ? 1 : index + 2;

    /// <summary>What was so far does not count.</summary>
    public void Restart()
    {
        Interlocked.Exchange(ref _uncounted, Interlocked.Read(ref _bytes));
        Interlocked.Exchange(ref _retransmitsBefore, Connection.GetInfo().Retransmits);
    }

    /// <summary>Nothing more is written, and what still comes does not count.</summary>
    public void Freeze()
    {
        lock (_writing)
            Interlocked.CompareExchange(ref _frozen, Interlocked.Read(ref _bytes), NotFrozen);
    }

    /// <summary>Sends until it is stopped or the goal is reached.</summary>
    public async Task SendAsync(PerfGoal goal, PerfParameters parameters, CancellationToken stop)
    {
        var pace = new PerfPace(parameters.Rate, parameters.Burst);
        long start = Stopwatch.GetTimestamp();
        byte[] block = new byte[parameters.BlockBytes];
        for (int i = 0; i < block.Length; i++)
            block[i] = (byte)('0' + i % 10);

        try
        {
            for (long blocks = 0; goal.TryClaim(block.Length); blocks++)
            {
                // Again: a timer may be early by a tick.
                TimeSpan wait;
                while ((wait = pace.WaitFor(blocks, block.Length, Stopwatch.GetElapsedTime(start))) > TimeSpan.Zero)
                    await Task.Delay(wait, stop);
                if (!TryWrite(block))
                    return;

                FlushResult result = await Connection.Output.FlushAsync(stop);
                if (result.IsCompleted)
                {
                    goal.Fail(new ToolException(Failure.Receive, "The other side closed a stream too early."));
                    return;
                }

                goal.Add(block.Length);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The time is over.
        }
    }

    /// <summary>
    /// Receives until the other side ends, also when nothing counts any more: a sender whose data nobody takes would
    /// not hear of the end.
    /// </summary>
    public async Task ReceiveAsync(PerfGoal goal, CancellationToken stop)
    {
        try
        {
            ReadResult result;
            do
            {
                result = await Connection.Input.ReadAsync(stop);
                Interlocked.Add(ref _bytes, result.Buffer.Length);
                goal.Add(result.Buffer.Length);
                Connection.Input.AdvanceTo(result.Buffer.End);
            }
            while (!result.IsCompleted);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The test is over.
        }
        catch (IOException error)
        {
            goal.Fail(new ToolException(Failure.Receive, $"A stream broke: {error.Message}", error));
        }
    }

    // A block counts once it is the connection's, which sends it whenever the flush behind it ends: counted after the
    // flush, the block under way at the end would be received and not sent.
    private bool TryWrite(byte[] block)
    {
        lock (_writing)
        {
            if (Interlocked.Read(ref _frozen) != NotFrozen)
                return false;

            Connection.Output.Write(block);
            Interlocked.Add(ref _bytes, block.Length);
            return true;
        }
    }
}
