using System.Runtime.InteropServices;
using UserTcp.Links.Native;

namespace UserTcp.Links;

/// <summary>
/// Receives frames straight into the slots of a batch, by one system call for all. One thread at a time.
/// </summary>
internal sealed unsafe class PacketInbox : IDisposable
{
    private const int MostMessages = RxBatch.DefaultCapacity;

    /// <summary>
    /// What is taken at once at most: what fits into the second-level cache of a core. What is beyond has left it
    /// before the stack copies it into its place. Measured with frames of 64 KiB: a reader on the thread pool gets a
    /// quarter more than with 2 MiB at once.
    /// </summary>
    private const int HotBytes = 512 << 10;

    private MultiMessage* _messages;
    private MessagePiece* _pieces;
    private int _mostMessages = MostMessages;

    public PacketInbox()
    {
        _messages = (MultiMessage*)NativeMemory.AllocZeroed(MostMessages, (nuint)sizeof(MultiMessage));
        _pieces = (MessagePiece*)NativeMemory.AllocZeroed(MostMessages, (nuint)sizeof(MessagePiece));
        for (int i = 0; i < MostMessages; i++)
        {
            _messages[i].Header.Pieces = &_pieces[i];
            _messages[i].Header.PieceCount = 1;
        }
    }

    ~PacketInbox() => Free();

    /// <summary>Takes what has arrived, as far as it fits.</summary>
    /// <param name="socket">A socket whose frames have a virtio header in front.</param>
    /// <param name="batch">With room for one frame at least.</param>
    /// <param name="dropped">How many frames were longer than a slot.</param>
    /// <returns>How many messages came; negative for an error, which is the last of the platform's.</returns>
    public int Receive(int socket, RxBatch batch, out int dropped)
    {
        dropped = 0;
        int room = Math.Min(batch.Capacity - batch.Count, _mostMessages);
        for (int i = 0; i < room; i++)
        {
            _pieces[i].Start = batch.FreeSlot(i) - FrameOffload.Size;
            _pieces[i].Length = FrameOffload.Size + RxBatch.MaxFrameBytes;
        }

        int count = LibcNative.ReceiveMessages(socket, _messages, (uint)room, LibcNative.DoNotWait, null);
        int bytes = 0;
        for (int i = 0; i < count; i++)
        {
            int length = (int)_messages[i].Length - FrameOffload.Size;
            bytes += length;
            if (length < 0 || (_messages[i].Header.Flags & LibcNative.Truncated) != 0)
                dropped++; // of no use to anybody
            else
                Take(batch, i, dropped, length);
        }

        // The next frames will be about as long as these.
        if (bytes > 0)
            _mostMessages = (int)Math.Clamp((long)HotBytes * count / bytes, 1, MostMessages);
        return count;
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    // Where frames before it were dropped, its slot is not the batch's next one.
    private void Take(RxBatch batch, int index, int dropped, int length)
    {
        byte* start = (byte*)_pieces[index].Start;
        if (dropped > 0)
            new ReadOnlySpan<byte>(start + FrameOffload.Size, length).CopyTo(batch.Reserve());
        batch.Commit(length, *(FrameOffload*)start);
    }

    private void Free()
    {
        NativeMemory.Free(_messages);
        NativeMemory.Free(_pieces);
        _messages = null;
        _pieces = null;
    }
}
