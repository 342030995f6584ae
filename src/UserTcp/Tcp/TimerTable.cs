using System.Runtime.CompilerServices;
using UserTcp.Primitives;

namespace UserTcp.Tcp;

/// <summary>The timers of a connection; each has one slot, so a timer cannot be armed twice.</summary>
internal enum TcpTimer : byte
{
    /// <summary>RTO, for data, SYN and FIN (RFC 6298 §5).</summary>
    Retransmit,

    /// <summary>The reordering timer: overtaken segments may still arrive (RFC 8985 §6.2).</summary>
    Reordering,

    /// <summary>PTO (RFC 8985 §7.2).</summary>
    TailLossProbe,

    /// <summary>Window probe, and the override of SWS avoidance (RFC 9293 §3.8.6.1, §3.8.6.2.1).</summary>
    Persist,

    /// <summary>RFC 9293 §3.8.6.3.</summary>
    DelayedAck,

    /// <summary>RFC 9293 §3.8.4.</summary>
    KeepAlive,

    /// <summary>The limit of an open, R2 of a SYN (RFC 9293 §3.8.3).</summary>
    OpenTimeout,

    /// <summary>The user timeout (RFC 9293 §3.8.3).</summary>
    UserTimeout,

    /// <summary>When the pace lets the next burst out.</summary>
    Pacing,

    /// <summary>FIN-WAIT-2 and other states without an application behind them.</summary>
    Orphan,
}

/// <summary>Deadlines by timer. The stack sees only the earliest.</summary>
internal struct TimerTable
{
    private const int Count = 10;
    private Deadlines _ticks;

    public TimerTable()
    {
        for (int i = 0; i < Count; i++)
        {
            _ticks[i] = long.MaxValue;
        }
    }

    public readonly Instant this[TcpTimer timer] => new(_ticks[(int)timer]);

    public readonly bool IsArmed(TcpTimer timer) => _ticks[(int)timer] != long.MaxValue;

    public readonly Instant Earliest
    {
        get
        {
            long earliest = _ticks[0];
            for (int i = 1; i < Count; i++)
            {
                earliest = Math.Min(earliest, _ticks[i]);
            }

            return new Instant(earliest);
        }
    }

    public void Arm(TcpTimer timer, Instant deadline) => _ticks[(int)timer] = deadline.Ticks;

    public void Stop(TcpTimer timer) => _ticks[(int)timer] = long.MaxValue;

    public void StopAll() => this = new TimerTable();

    /// <summary>
    /// Takes a timer that is due, the earliest first, so that late timers fire in the order they were set for.
    /// </summary>
    public bool TryTakeDue(Instant now, out TcpTimer timer)
    {
        timer = default;
        Instant earliest = Earliest;
        if (earliest.IsNever || earliest > now)
            return false;

        for (int i = 0; i < Count; i++)
        {
            if (_ticks[i] == earliest.Ticks)
            {
                timer = (TcpTimer)i;
                Stop(timer);
                return true;
            }
        }

        return false;
    }

    [InlineArray(Count)]
    private struct Deadlines
    {
        private long _first;
    }
}
