using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using UserTcp.Tool.Network;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Ping;

/// <summary>Asks again and again, and tells of each answer.</summary>
internal sealed class PingRun(NetworkSession session, PingPlan plan, ToolOutput output)
{
    private readonly PingSummary _summary = new();
    private readonly List<object> _replies = [];

    /// <summary>Runs until the count is reached or somebody stops it; both are a regular end.</summary>
    /// <param name="host">As the user called it.</param>
    /// <param name="address">Whom to ask.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="ToolException">It is not possible at all.</exception>
    public async Task<PingSummary> RunAsync(string host, IPAddress address, CancellationToken cancellationToken)
    {
        output.Line($"PING {host} ({address}) {plan.Options.DataLength} bytes of data.");
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
        using var timer = new PeriodicTimer(plan.Interval);
        for (int number = 1; ; number++)
        {
            UserTcpPingReply reply = await session.Stack.PingAsync(address, plan.Options, cancellationToken);
            Tell(number, reply);
            if (number == plan.Count)
                return;

            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }

    private void Tell(int number, UserTcpPingReply reply)
    {
        _summary.Add(reply);
        bool isAnswer = reply.Status == IPStatus.Success;
        _replies.Add(new
        {
            Sequence = number,
            reply.Status,
            From = reply.Address.ToString(),
            Milliseconds = isAnswer ? reply.RoundTripTime.TotalMilliseconds : (double?)null,
        });
        output.Line(isAnswer
            ? $"{reply.DataLength} bytes from {reply.Address}: icmp_seq={number} "
                + $"time={Quantity.Milliseconds(reply.RoundTripTime)}"
            : $"From {reply.Address} icmp_seq={number} {Words(reply.Status)}");
    }

    private static string Words(IPStatus status) => status switch
    {
        IPStatus.TimedOut => "no answer",
        IPStatus.TtlExpired => "Time to live exceeded",
        IPStatus.DestinationHostUnreachable => "Destination Host Unreachable",
        IPStatus.DestinationNetworkUnreachable => "Destination Net Unreachable",
        _ => status.ToString(),
    };
}
