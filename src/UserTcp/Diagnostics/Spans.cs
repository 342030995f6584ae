using System.Diagnostics;
using System.Net.Sockets;
using UserTcp.Primitives;

namespace UserTcp.Diagnostics;

/// <summary>The spans of the library, with the attributes of OpenTelemetry. Used outside the door.</summary>
internal static class Spans
{
    public static ActivitySource Source { get; } = new(UserTcpTelemetry.ActivitySourceName, UserTcpTelemetry.Version);

    /// <summary>Our own span that is under way here, so that what follows from it becomes its child.</summary>
    public static Activity? Current => Activity.Current is { } current && current.Source == Source ? current : null;

    public static Activity? StartConnect(HostAddress remote, ushort port)
    {
        if (!Source.HasListeners())
            return null;

        Activity? span = Source.StartActivity($"tcp connect {remote}:{port}");
        return span?.SetTag(Names.Transport, Names.Tcp).SetTag(Names.NetworkType, Names.Ipv4)
            .SetTag(Names.PeerAddress, remote.ToString()).SetTag(Names.PeerPort, (int)port);
    }

    public static Activity? StartListen(HostAddress local, ushort port)
    {
        if (!Source.HasListeners())
            return null;

        Activity? span = Source.StartActivity($"tcp listen {local}:{port}");
        return span?.SetTag(Names.Transport, Names.Tcp).SetTag(Names.NetworkType, Names.Ipv4)
            .SetTag(Names.LocalAddress, local.ToString());
    }

    /// <summary>The resolution of a name into addresses.</summary>
    public static Activity? StartLookup(string host) => Source.HasListeners()
        ? Source.StartActivity($"dns lookup {host}")?.SetTag(Names.QuestionName, host)
        : null;

    /// <summary>A resolution is known of when it is over: the span is made afterwards, with its true length.</summary>
    public static void Resolved(ActivityContext parent, HostAddress address, TimeSpan elapsed, string? error)
    {
        DateTimeOffset end = DateTimeOffset.UtcNow;
        using Activity? span = Source.StartActivity(
            $"arp resolve {address}", ActivityKind.Internal, parent, startTime: end - elapsed);
        span?.SetTag(Names.PeerAddress, address.ToString());
        if (error is not null)
            span?.SetTag(Names.ErrorType, error).SetStatus(ActivityStatusCode.Error);
        span?.SetEndTime(end.UtcDateTime);
    }

    public static void Fail(Activity? span, Exception cause) =>
        span?.SetTag(Names.ErrorType, ErrorType(cause)).SetStatus(ActivityStatusCode.Error, cause.Message);

    /// <summary>The <c>error.type</c> of an exception: the socket error's words, as HttpClient has them.</summary>
    public static string ErrorType(Exception cause) => cause switch
    {
        SocketException socket => Names.Of(socket.SocketErrorCode),
        OperationCanceledException => "operation_canceled",
        _ => cause.GetType().FullName!,
    };
}
