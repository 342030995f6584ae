using System.Collections.Immutable;
using UserTcp.Diagnostics;
using UserTcp.Tcp;

namespace UserTcp.Runtime;

/// <summary>
/// Those who watch a connection. Samples are taken under the door and shown outside, by the thread that took them: only
/// the loop receives.
/// </summary>
internal sealed class ConnectionObservers(Action<IUserTcpConnectionObserver, Exception> onFailure) : IWakeTarget
{
    private readonly List<UserTcpAckSample> _samples = [];
    private ImmutableArray<IUserTcpConnectionObserver> _observers = [];

    public bool IsEmpty => _observers.IsEmpty;

    public void Add(IUserTcpConnectionObserver observer) =>
        ImmutableInterlocked.Update(ref _observers, (all, one) => all.Add(one), observer);

    public void Remove(IUserTcpConnectionObserver observer) =>
        ImmutableInterlocked.Update(ref _observers, (all, one) => all.Remove(one), observer);

    /// <summary>Under the door.</summary>
    public void OnSegment(in AckReport report, WakeList wakes)
    {
        if (_samples.Count == 0)
            wakes.Add(this, WakeReasons.Observed);
        _samples.Add(new UserTcpAckSample
        {
            Elapsed = report.Age,
            BytesAcked = report.BytesAcked,
            CongestionWindow = report.CongestionWindow,
            SlowStartThreshold = report.SlowStartThreshold,
            BytesInFlight = report.BytesInFlight,
            PeerWindow = report.PeerWindow,
            SmoothedRtt = report.Rtt.Smoothed,
            LatestRtt = report.Rtt.Latest,
            RecoveryState = (UserTcpRecoveryState)report.Recovery,
        });
    }

    void IWakeTarget.Wake(WakeReasons reasons, bool inlineAllowed)
    {
        foreach (IUserTcpConnectionObserver observer in _observers)
        {
            Show(observer);
        }

        _samples.Clear();
    }

    private void Show(IUserTcpConnectionObserver observer)
    {
        try
        {
            foreach (UserTcpAckSample sample in _samples)
            {
                observer.OnAck(sample);
            }
        }
        catch (Exception e)
        {
            Remove(observer);
            onFailure(observer, e);
        }
    }
}
