using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using UserTcp.Tool.Network;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Ping;

/// <summary>Asks at each interval, whether or not the answers have come, and tells of each answer.</summary>
internal sealed class PingRun(NetworkSession session, PingPlan plan, EchoWatch watch, ToolOutput output)
{
    private const int IcmpHeader = 8;
    private const int IpHeader = 20;

    private readonly Lock _lock = new();
    private readonly PingSummary _summary = new();
    private readonly List<object> _replies = [];
    private readonly Dictionary<(ushort, ushort), int> _numbers = [];
    private readonly List<EchoDuplicate> _early = [];
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Runs until the count is reached or somebody stops it; both are a regular end.</summary>
    /// <param name="host">As the user called it.</param>
    /// <param name="address">Whom to ask.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="ToolException">It is not possible at all.</exception>
    public async Task<PingSummary> RunAsync(string host, IPAddress address, CancellationToken cancellationToken)
    {
        int length = plan.Options.DataLength;
        output.Line($"PING {host} ({address}) {length}({length + IcmpHeader + IpHeader}) bytes of data.");
        long start = Stopwatch.GetTimestamp();
        watch.OnDuplicate = Tell;
        try
        {
            await AskAsync(address, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Ctrl+C is how ping is ended; the statistics follow.
        }
        catch (Exception error) when (error is ArgumentException or SocketException)
        {
            throw new ToolException(Failure.Connect, ToolException.WordsOf(error), error);
        }

        lock (_lock)
            return End(host, address, Stopwatch.GetElapsedTime(start));
    }

    private PingSummary End(string host, IPAddress address, TimeSpan elapsed)
    {
        _summary.Elapsed = elapsed;
        output.Line("");
        output.Line($"--- {host} ping statistics ---");
        foreach (string line in _summary.Lines())
        {
            output.Line(line);
        }

        if (output.IsJson)
            output.Json(new { Host = host, Address = address.ToString(), Replies = _replies, Summary = _summary });
        return _summary;
    }

    private async Task AskAsync(IPAddress address, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task> waits = [];
        try
        {
            using var timer = new PeriodicTimer(plan.Interval);
            for (int number = 1; ; number++)
            {
                lock (_lock)
                    _summary.Sent++;
                waits.RemoveAll(wait => wait.IsCompletedSuccessfully);
                waits.Add(AskAsync(number, address, end.Token));
                if (number == plan.Count)
                    break;

                await Task.WhenAny(timer.WaitForNextTickAsync(cancellationToken).AsTask(), _over.Task);
                cancellationToken.ThrowIfCancellationRequested();
                if (_over.Task.IsFaulted)
                    break;
            }

            await LingerAsync(cancellationToken);
        }
        finally
        {
            await end.CancelAsync();
            await Task.WhenAll(waits);
        }
    }

    private async Task AskAsync(int number, IPAddress address, CancellationToken cancellationToken)
    {
        try
        {
            Tell(number, await session.Stack.PingAsync(address, plan.Options, cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Nobody waits for it any more: it counts as lost.
        }
        catch (SocketException full) when (full.SocketErrorCode == SocketError.NoBufferSpaceAvailable)
        {
            output.Note($"icmp_seq={number} was not sent: {full.Message}"); // as with ping, the next one may be
        }
        catch (Exception error) when (error is ArgumentException or SocketException)
        {
            _over.TrySetException(error);
        }
    }

    // As ping: twice the longest round trip, and an interval at least, if anything was answered.
    private async Task LingerAsync(CancellationToken cancellationToken)
    {
        TimeSpan longest;
        lock (_lock)
        {
            longest = _summary.MaxMilliseconds is { } most ? TimeSpan.FromMilliseconds(2 * most) : plan.Patience;
            if (_summary.Received > 0 && longest < plan.Interval)
                longest = plan.Interval;
        }

        await Task.WhenAny(_over.Task, Task.Delay(longest, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
        if (_over.Task.IsFaulted)
            await _over.Task;
    }

    private void Tell(int number, UserTcpPingReply reply)
    {
        lock (_lock)
        {
            if (reply.Status == IPStatus.TimedOut)
                return;

            _summary.Add(reply);
            bool isAnswer = reply.Status == IPStatus.Success;
            _replies.Add(new
            {
                Sequence = number,
                reply.Status,
                From = reply.Address.ToString(),
                TimeToLive = isAnswer ? reply.TimeToLive : (byte?)null,
                Milliseconds = isAnswer ? reply.RoundTripTime.TotalMilliseconds : (double?)null,
            });
            output.Line(isAnswer
                ? Line(number, reply.Address, reply.DataLength, reply.TimeToLive, reply.RoundTripTime)
                : $"From {reply.Address} icmp_seq={number} {Words(reply.Status)}");
            if (isAnswer)
                TellDuplicates((reply.Identifier, reply.SequenceNumber), number);
            if (_summary.Received + _summary.Errors == plan.Count)
                _over.TrySetResult();
        }
    }

    // The stack shows a frame before it wakes whoever waited for it: a duplicate may be seen before the answer is told.
    private void TellDuplicates((ushort, ushort) key, int number)
    {
        _numbers[key] = number;
        foreach (EchoDuplicate early in _early.Where(early => early.Key == key))
            Tell(early, number);
        _early.RemoveAll(early => early.Key == key);
    }

    private void Tell(EchoDuplicate duplicate)
    {
        lock (_lock)
        {
            if (_numbers.TryGetValue(duplicate.Key, out int number))
                Tell(duplicate, number);
            else
                _early.Add(duplicate);
        }
    }

    private void Tell(EchoDuplicate duplicate, int number)
    {
        _summary.Duplicates++;
        _replies.Add(new
        {
            Sequence = number,
            Status = IPStatus.Success,
            From = duplicate.From.ToString(),
            duplicate.TimeToLive,
            Milliseconds = duplicate.Elapsed.TotalMilliseconds,
            IsDuplicate = true,
        });
        string line = Line(
            number, duplicate.From, duplicate.DataLength, duplicate.TimeToLive, duplicate.Elapsed);
        output.Line($"{line} (DUP!)");
    }

    private static string Line(int number, IPAddress from, int dataLength, byte timeToLive, TimeSpan time) =>
        $"{dataLength + IcmpHeader} bytes from {from}: icmp_seq={number} ttl={timeToLive} "
        + $"time={Quantity.Milliseconds(time)}";

    private static string Words(IPStatus status) => status switch
    {
        IPStatus.TtlExpired => "Time to live exceeded",
        IPStatus.DestinationHostUnreachable => "Destination Host Unreachable",
        IPStatus.DestinationNetworkUnreachable => "Destination Net Unreachable",
        _ => status.ToString(),
    };
}
